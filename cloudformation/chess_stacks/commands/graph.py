"""`graph`: the stacks and what they wait for, as a picture."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from chess_stacks.account.failure import OK
from chess_stacks.commands import files
from chess_stacks.commands.session import Session
from chess_stacks.synth import graph as drawing


@dataclass(frozen=True, slots=True, kw_only=True)
class Graph:
    """What `graph` yields."""

    svg: str
    file: str | None
    edges: tuple[tuple[str, str], ...]
    exit_code: int = OK

    def document(self) -> dict[str, Any]:
        """Return the edges, and where the picture went."""
        return {"edges": [list(edge) for edge in self.edges], "file": self.file}

    def render(self, console: Console) -> None:
        """Print the picture itself, unless it went into a file."""
        if self.file:
            console.print(self.file, soft_wrap=True)
        else:
            print(self.svg, file=console.file)


def graph(
    session: Session,
    out: Annotated[Path | None, typer.Option("--out", help="SVG file; default: standard output")] = None,
) -> Graph:
    """Draw the stack DAG as SVG."""
    assembly = session.assembly()
    svg = drawing.draw(assembly)
    if out:
        files.write(out, svg)
    edges = tuple((need, entry.key) for entry in assembly.manifest for need in entry.depends_on)
    return Graph(svg=svg, file=str(out) if out else None, edges=edges)
