"""How fast a game is, and what follows from it. Pure."""

from typing import Literal

from chess_server.game.clock import Clock

Speed = Literal["bullet", "blitz", "rapid", "classical"]

FASTER_THAN_SECONDS: tuple[tuple[int, Speed], ...] = ((180, "bullet"), (480, "blitz"), (1500, "rapid"))
"""lila's bounds, in expected seconds of a player's game: initial time and forty increments."""

ABANDON_SECONDS: dict[Speed, int] = {"bullet": 15, "blitz": 30, "rapid": 60, "classical": 150}
"""How long a player may be away before the opponent may claim: 30 s times 1, 2, 4, 10, halved, as lila's newer rule."""
LONGEST_ABANDON_MS = max(ABANDON_SECONDS.values()) * 1000


def speed_of(clock: Clock) -> Speed:
    """Return the speed of a game."""
    expected = clock.expected_ms / 1000
    return next((speed for bound, speed in FASTER_THAN_SECONDS if expected < bound), "classical")


def abandon_ms(clock: Clock) -> int:
    """How long an absence must last before it may be claimed."""
    return ABANDON_SECONDS[speed_of(clock)] * 1000
