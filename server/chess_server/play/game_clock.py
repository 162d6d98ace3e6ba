"""The clock of one game on this server: an alarm for when the player to move has no time left.

The alarm only causes a `Tick`; deciding that command says whether a flag has fallen. Each move sets it anew, mostly for
later: then the timer that runs stays, and is set again when it ends.
"""

import asyncio
from collections.abc import Callable
from time import monotonic

from chess_server.game.color import Color

MARGIN_MS = 30
"""The alarm rings a little late: a move that came in time may wait on another server before it begins, up to 8 ms."""
RETRY_SECONDS = 1.0


class GameClock:
    """Holds one alarm at a time. `on_alarm` gets the color whose turn it was when the alarm was set."""

    def __init__(self, on_alarm: Callable[[Color], None]) -> None:
        self._on_alarm = on_alarm
        self._alarm: asyncio.TimerHandle | None = None
        self._turn: Color = "white"
        self._due = self._ends_at = 0.0

    def set(self, turn: Color, remaining_ms: int) -> None:
        """Set the alarm for when the time left has passed; it replaces the one before."""
        self._start(turn, monotonic() + (remaining_ms + MARGIN_MS) / 1000)

    def retry(self, turn: Color) -> None:
        """Set the alarm for soon, unless one is set."""
        if self._alarm is None:
            self._start(turn, monotonic() + RETRY_SECONDS)

    def stop(self) -> None:
        """Remove the alarm."""
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None

    def _start(self, turn: Color, due: float) -> None:
        self._turn, self._due = turn, due
        if self._alarm is None or due < self._ends_at:
            self._time()

    def _time(self) -> None:
        """Let the timer end when the alarm is due."""
        self.stop()
        self._ends_at = self._due
        self._alarm = asyncio.get_running_loop().call_later(self._due - monotonic(), self._end)

    def _end(self) -> None:
        self._alarm = None
        if self._due > self._ends_at:
            self._time()
        else:
            self._on_alarm(self._turn)
