"""`synth`: one template per stack, and the manifest of the DAG."""

import json
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
import yaml
from rich.console import Console
from rich.table import Table

from chess_stacks.account.failure import OK, Failure
from chess_stacks.commands.report import plain
from chess_stacks.commands.session import Session
from chess_stacks.synth.synthesis import Assembly

MANIFEST_SCHEMA = 1


class Format(StrEnum):
    """How templates are written."""

    JSON = "json"
    YAML = "yaml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Synthesised:
    """What `synth` yields."""

    assembly: Assembly
    files: tuple[str, ...]
    exit_code: int = OK

    def document(self) -> dict[str, Any]:
        """Return the manifest and the files that were written."""
        return {**manifest(self.assembly), "files": list(self.files)}

    def render(self, console: Console) -> None:
        """Print one line per stack."""
        table = Table(box=None, pad_edge=False)
        for heading in ("stack", "region", "resources", "bytes", "after"):
            table.add_column(heading, justify="right" if heading in ("resources", "bytes") else "left")
        for entry in self.assembly.manifest:
            after = ", ".join(entry.depends_on)
            table.add_row(entry.name, entry.region, str(entry.resources), str(entry.size), after)
        console.print(table)
        if self.files:
            console.print(f"{len(self.files)} files in {_parent(self.files[0])}", soft_wrap=True)


def synth(
    session: Session,
    out: Annotated[Path | None, typer.Option("--out", help="folder for one template per stack")] = None,
    form: Annotated[Format, typer.Option("--format", help="json or yaml")] = Format.JSON,
) -> Synthesised:
    """Generate one template per stack, and a manifest of the DAG."""
    assembly = session.assembly()
    files = write(assembly, out, form) if out else ()
    return Synthesised(assembly=assembly, files=files)


def write(assembly: Assembly, out: Path, form: Format) -> tuple[str, ...]:
    """Write every template and the manifest into a folder."""
    texts = {
        f"{entry.name}.{form.value}": _text(assembly.templates[entry.key], form)
        for entry in assembly.manifest
    }
    texts["manifest.json"] = _text(manifest(assembly), Format.JSON)
    try:
        out.mkdir(parents=True, exist_ok=True)
        for name, text in texts.items():
            (out / name).write_text(text, encoding="utf-8")
    except OSError as error:
        raise Failure(f"--out {out}: {error.strerror or error}") from error
    return tuple(str(out / name) for name in texts)


def manifest(assembly: Assembly) -> dict[str, Any]:
    """Return the DAG with every stack's inputs and outputs."""
    profile = assembly.profile
    return {
        "schema": MANIFEST_SCHEMA,
        "profile": profile.name,
        "env": profile.env,
        "region": profile.region,
        "stacks": plain(assembly.manifest),
    }


def _text(body: Any, form: Format) -> str:
    if form is Format.YAML:
        return str(yaml.safe_dump(body, sort_keys=False, width=110))
    return json.dumps(body, indent=2) + "\n"


def _parent(path: str) -> str:
    return path.rsplit("/", 1)[0]
