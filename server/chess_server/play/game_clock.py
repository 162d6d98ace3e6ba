"""The clock of one game on this server: an alarm for when the player to move has no time left.

The alarm only causes a `Tick`; deciding that command says whether a flag has fallen.
"""

import asyncio
from collections.abc import Callable

from chess_server.game.color import Color

MARGIN_MS = 20
"""The alarm rings a little late, so that the flag has surely fallen."""
RETRY_SECONDS = 1.0


class GameClock:
    """Holds one alarm at a time. `on_alarm` gets the color whose turn it was when the alarm was set."""

    def __init__(self, on_alarm: Callable[[Color], None]) -> None:
        self._on_alarm = on_alarm
        self._alarm: asyncio.TimerHandle | None = None

    def set(self, turn: Color, remaining_ms: int) -> None:
        """Set the alarm for when the time left has passed; it replaces the one before."""
        self.stop()
        self._start(turn, (remaining_ms + MARGIN_MS) / 1000)

    def retry(self, turn: Color) -> None:
        """Set the alarm for soon, unless one is set."""
        if self._alarm is None:
            self._start(turn, RETRY_SECONDS)

    def stop(self) -> None:
        """Remove the alarm."""
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None

    def _start(self, turn: Color, seconds: float) -> None:
        self._alarm = asyncio.get_running_loop().call_later(seconds, self._ring, turn)

    def _ring(self, turn: Color) -> None:
        self._alarm = None
        self._on_alarm(turn)
