"""`chess-operator simulate`: a load trace through a ChessCluster's scaling, as a table."""

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
import yaml

from chess_operator.api.model import ChessClusterSpec, SpecError, parse
from chess_operator.simulation.run import Row, run
from chess_operator.simulation.trace import TraceError, read

_FORMAT = "{:>9}  {:>11}  {:>6}  {:>7}  {:>5}  {:>8}  {:>8}  {}"
_HEAD = ("seconds", "connections", "wanted", "desired", "ready", "draining", "unserved", "why")

Trace = Annotated[
    Path, typer.Argument(help="CSV with the columns seconds and connections.", exists=True, dir_okay=False)
]
ManifestFile = Annotated[
    Path, typer.Option("--file", "-f", help="YAML of the ChessCluster.", exists=True, dir_okay=False)
]
Begin = Annotated[
    datetime,
    typer.Option(
        help="UTC time of the trace's second 0, for schedules.", formats=["%Y-%m-%dT%H:%M:%S", "%Y-%m-%d"]
    ),
]
Start = Annotated[
    float, typer.Option("--pod-start", min=0, max=3600, help="Seconds until a new pod is ready.")
]
All = Annotated[bool, typer.Option("--all", help="Every decision, not only those that change something.")]


def simulate(
    trace: Trace,
    file: ManifestFile,
    *,
    begin: Begin = datetime(2026, 1, 1),  # noqa: DTZ001 - made aware below; typer knows only naive ones
    pod_start: Start = 1.5,
    everything: All = False,
) -> None:
    """Show what the operator would do with a recorded load. Needs no cluster."""
    try:
        spec = _spec(file)
        with trace.open() as lines:
            points = read(lines)
    except UnicodeDecodeError:
        sys.stderr.write(
            f"chess-operator: {trace}: not text; give CSV with the columns seconds and connections\n"
        )
        raise typer.Exit(2) from None
    except (SpecError, TraceError, OSError) as error:
        sys.stderr.write(f"chess-operator: {error}\n")
        raise typer.Exit(2) from None
    origin_ms = round(begin.replace(tzinfo=UTC).timestamp() * 1000)
    sys.stdout.write(_FORMAT.format(*_HEAD) + "\n")
    previous: tuple[object, ...] = ()
    for row in run(spec, points, origin_ms=origin_ms, start_ms=round(pod_start * 1000)):
        if everything or _gist(row) != previous:
            sys.stdout.write(_line(row) + "\n")
            previous = _gist(row)


def _spec(file: Path) -> ChessClusterSpec:
    try:
        body: Any = yaml.safe_load(file.read_text())
    except (yaml.YAMLError, UnicodeDecodeError):
        raise SpecError(f"{file}: not one YAML document; give one ChessCluster") from None
    if (
        not isinstance(body, dict)
        or body.get("kind") != "ChessCluster"
        or not isinstance(body.get("spec"), dict)
    ):
        raise SpecError(f"{file}: not a ChessCluster; give one with kind: ChessCluster and a spec")
    return parse(body["spec"])


def _gist(row: Row) -> tuple[object, ...]:
    return row.desired, row.ready, row.draining, row.unserved > 0


def _line(row: Row) -> str:
    wanted = "-" if row.wanted is None else row.wanted
    seconds = f"{row.at_ms / 1000:g}"
    return _FORMAT.format(
        seconds,
        row.connections,
        wanted,
        row.desired,
        row.ready,
        row.draining,
        row.unserved,
        f"{row.reason}: {row.message}",
    )
