"""What the user sees while the demo runs: a live table on a terminal, plain lines anywhere else."""

import time
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.live import Live
from rich.table import Table

from chess_bench.bots.ledger import Counts

PLAIN_EVERY_SECONDS = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """One look at everything."""

    counts: Counts
    census: int
    wanted: int
    replicas: int
    ready: int
    draining: int
    reaction_seconds: float | None
    moves_per_second: float
    scale_outs: int
    scale_ins: int

    def pairs(self) -> tuple[tuple[str, str], ...]:
        """Label and value, in the order in which they are shown."""
        counts = self.counts
        reaction = "-" if self.reaction_seconds is None else f"{self.reaction_seconds * 1000:.0f} ms"
        return (
            ("players", f"{counts.players - counts.left}"),
            ("playing", f"{counts.playing}"),
            ("connections", f"{counts.connections}"),
            ("census", f"{self.census}"),
            ("wanted", f"{self.wanted}"),
            ("replicas", f"{self.replicas}"),
            ("ready", f"{self.ready}"),
            ("draining", f"{self.draining}"),
            ("out/in", f"{self.scale_outs}/{self.scale_ins}"),
            ("reaction", reaction),
            ("games", f"{counts.games}"),
            ("moves/s", f"{self.moves_per_second:.0f}"),
            ("handovers", f"{counts.handovers}"),
            ("dropped", f"{counts.dropped}"),
            ("lost", f"{counts.lost}"),
        )


class Screen:
    """Says things in order, and shows the present state."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(highlight=False)
        self._live: Live | None = None
        self._started = time.monotonic()
        self._shown = -PLAIN_EVERY_SECONDS

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.freeze()

    @property
    def elapsed(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self._started

    def print(self, text: str, style: str = "") -> None:
        """Print one line; above the live table where there is one."""
        self._console.print(f"{self.elapsed:6.1f} s  {text}", style=style, markup=False, soft_wrap=True)

    def show(self, view: View) -> None:
        """Show the present state, as often as the medium bears."""
        if self._console.is_terminal:
            if self._live is None:
                self._live = Live(console=self._console, auto_refresh=False, transient=True)
                self._live.start()
            self._live.update(_table(view), refresh=True)
        elif self.elapsed - self._shown >= PLAIN_EVERY_SECONDS:
            self._shown = self.elapsed
            self.print("  ".join(f"{label} {value}" for label, value in view.pairs()))

    def freeze(self) -> None:
        """End the live table."""
        if self._live:
            self._live.stop()
            self._live = None

    def table(self, title: str, rows: list[tuple[str, str]]) -> None:
        """Print a table of two columns."""
        table = Table(title=title, show_header=False, title_justify="left")
        table.add_column(style="bold")
        table.add_column(overflow="fold")
        for row in rows:
            table.add_row(*row)
        self._console.print(table)


def _table(view: View) -> Table:
    pairs = view.pairs()
    table = Table(title="ChessCluster", title_justify="left", show_header=False)
    for _ in range(3):
        table.add_column(style="dim")
        table.add_column(justify="right", min_width=8)
    rows = -(-len(pairs) // 3)
    for row in range(rows):
        cells = [cell for column in range(3) for cell in (pairs + (("", ""),) * 3)[column * rows + row]]
        table.add_row(*cells)
    return table
