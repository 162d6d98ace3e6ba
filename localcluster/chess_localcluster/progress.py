"""What a user sees while a command works: one line per stage, with its seconds; a live line on a terminal."""

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import Protocol

from rich.console import Console
from rich.status import Status

REMINDER_SECONDS = 20.0  # between plain lines of one stage


class Note(Protocol):
    """Shows how far a stage has come."""

    def __call__(self, text: str) -> None:
        """Show `text` beside the stage."""


class Progress(Protocol):
    """Where stages are shown."""

    def stage(self, title: str) -> AbstractContextManager[Note]:
        """Show a stage from its begin to its end."""

    def line(self, text: str) -> None:
        """Show one line."""


class Silent:
    """Shows nothing; for tests and callers without a terminal."""

    @contextmanager
    def stage(self, title: str) -> Iterator[Note]:  # noqa: ARG002 - part of the protocol
        """Show nothing."""
        yield self.line

    def line(self, text: str) -> None:
        """Show nothing."""


@dataclass(slots=True)
class Terminal:
    """Writes to standard error; standard output is for results. Stages may run in parallel threads."""

    console: Console = field(default_factory=lambda: Console(stderr=True, highlight=False))
    _running: dict[str, str] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _status: Status | None = None

    def line(self, text: str) -> None:
        """Show one line above the live one."""
        with self._lock:
            self.console.print(text, soft_wrap=True, markup=False)
            sys.stderr.flush()

    @contextmanager
    def stage(self, title: str) -> Iterator[Note]:
        """Show the stage as running, then its seconds."""
        began = reminded = time.monotonic()

        def note(text: str) -> None:
            nonlocal reminded
            self._show(title, text)
            if not self.console.is_terminal and time.monotonic() - reminded > REMINDER_SECONDS:
                reminded = time.monotonic()
                self.line(f"  … {title}: {text} ({reminded - began:.0f} s)")

        self._show(title, "")
        try:
            yield note
        except BaseException:
            self._end(title, f"✗ {title} ({time.monotonic() - began:.1f} s)")
            raise
        self._end(title, f"✓ {title} ({time.monotonic() - began:.1f} s)")

    def _show(self, title: str, text: str) -> None:
        with self._lock:
            self._running[title] = text
            self._draw()

    def _end(self, title: str, text: str) -> None:
        with self._lock:
            self._running.pop(title, None)
            self._draw()
        self.line(text)

    def _draw(self) -> None:
        if not self.console.is_terminal:
            return
        if self._running:
            text = " · ".join(f"{title} {note}".strip() for title, note in self._running.items())
            if self._status is None:
                self._status = self.console.status(text)
                self._status.start()
            self._status.update(text)
        elif self._status is not None:
            self._status.stop()
            self._status = None
