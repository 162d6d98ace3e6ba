"""Live progress on standard error: a line for each finished resource, and below them what runs now and since when.

Without a terminal only the lines are printed, so that a CI log reads the same.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

from rich.console import Console
from rich.live import Live
from rich.markup import escape
from rich.text import Text

from chess_stacks.account import failure
from chess_stacks.account.records import Event
from chess_stacks.account.timeline import STACK
from chess_stacks.deploy.outcome import Begun, Ended, Happened, Message, Outcome

_COLOURS = {
    "created": "green",
    "updated": "green",
    "unchanged": "dim",
    "deleted": "green",
    "failed": "red",
    "refused": "yellow",
    "interrupted": "yellow",
}


@dataclass(slots=True)
class Screen:
    """Shows the messages of `deploy` and `destroy`; usable from many threads."""

    console: Console
    clock: Callable[[], float]
    quiet: bool = False
    _running: dict[tuple[str, str], float] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _live: Any = None
    _begun: float = 0.0

    def __enter__(self) -> Self:
        """Take over the terminal, if there is one."""
        self._begun = self.clock()
        if self.console.is_terminal and not self.quiet:
            self._live = Live(
                get_renderable=self._now, console=self.console, refresh_per_second=4, transient=True
            )
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Give the terminal back."""
        if self._live is not None:
            self._live.stop()

    def show(self, message: Message) -> None:
        """Show one message."""
        if self.quiet:
            return
        with self._lock:
            if isinstance(message, Happened):
                self._happened(message.key, message.event)
            elif isinstance(message, Begun):
                self._line(message.key, message.what)
            elif isinstance(message, Ended):
                self._ended(message.outcome)

    def _happened(self, key: str, event: Event) -> None:
        if event.resource_type == STACK:
            return
        place = (key, event.logical_id)
        if event.status.endswith("_IN_PROGRESS"):
            self._running.setdefault(place, self.clock())
            return
        now = self.clock()
        took = now - self._running.pop(place, now)
        reason = f" — {escape(failure.redact(event.reason))}" if "FAILED" in event.status else ""
        colour = "red" if "FAILED" in event.status else "default"
        what = f"[{colour}]{event.status}[/] {event.logical_id} ({event.resource_type}) {took:.1f}s"
        self._line(key, what + reason)

    def _ended(self, outcome: Outcome) -> None:
        for place in [place for place in self._running if place[0] == outcome.key]:
            del self._running[place]
        colour = _COLOURS.get(outcome.verdict, "default")
        reason = f": {escape(failure.redact(outcome.reason))}" if outcome.reason else ""
        self._line(outcome.key, f"[{colour}]{outcome.verdict}[/] in {outcome.seconds:.1f}s{reason}")

    def _line(self, key: str, text: str) -> None:
        self.console.print(f"[dim]{self.clock() - self._begun:7.1f}s[/] {key:<14} {text}", soft_wrap=True)

    def _now(self) -> Text:
        with self._lock:
            rows = [
                f"{self.clock() - since:7.1f}s {key:<14} {logical_id} …"
                for (key, logical_id), since in list(self._running.items())[-12:]
            ]
        return Text("\n".join(rows), style="cyan")
