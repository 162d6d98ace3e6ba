"""`graph`: the stacks and what they wait for, as a picture."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from chess_stacks.account.failure import OK
from chess_stacks.commands import files
from chess_stacks.commands.session import Session
from chess_stacks.synth.graph import draw


@dataclass(frozen=True, slots=True, kw_only=True)
class Graph:
    """What `graph` yields."""

    flowchart: str
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
            print(self.flowchart, end="", file=console.file)


def graph(
    session: Session,
    out: Annotated[Path | None, typer.Option("--out", help="Mermaid file; default: standard output")] = None,
) -> Graph:
    """Draw the stack DAG as a Mermaid flowchart, which GitHub shows in Markdown and in .mmd files."""
    assembly = session.assembly()
    flowchart = draw(assembly)
    if out:
        files.write(out, flowchart)
    edges = tuple((need, entry.key) for entry in assembly.manifest for need in entry.depends_on)
    return Graph(flowchart=flowchart, file=str(out) if out else None, edges=edges)
