"""What the user sees during a run: a live table on a terminal, plain lines anywhere else."""

import time
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.live import Live
from rich.table import Table

PLAIN_EVERY_SECONDS = 5.0


class Screen:
    """Prints lines in order, and shows the current figures."""

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

    def show(self, figures: Sequence[tuple[str, str]]) -> None:
        """Show the current figures (label, value): at once on a terminal, else every PLAIN_EVERY_SECONDS."""
        if self._console.is_terminal:
            if self._live is None:
                self._live = Live(console=self._console, auto_refresh=False, transient=True)
                self._live.start()
            self._live.update(_table(figures), refresh=True)
        elif self.elapsed - self._shown >= PLAIN_EVERY_SECONDS:
            self._shown = self.elapsed
            self.print("  ".join(f"{label} {value}" for label, value in figures))

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


def _table(figures: Sequence[tuple[str, str]]) -> Table:
    table = Table(title="ChessCluster", title_justify="left", show_header=False)
    for _ in range(3):
        table.add_column(style="dim")
        table.add_column(justify="right", min_width=8)
    rows = -(-len(figures) // 3)
    padded = (*figures, *(("", ""),) * 3)
    for row in range(rows):
        cells = [cell for column in range(3) for cell in padded[column * rows + row]]
        table.add_row(*cells)
    return table
