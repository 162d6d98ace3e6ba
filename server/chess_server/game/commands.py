"""What a player (or the clock) may command of a game."""

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """`a` is the player's own number of the command; without one nothing is acknowledged."""

    name: ClassVar[str] = ""
    a: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MakeMove(Command):
    """Move, in UCI."""

    name: ClassVar[str] = "move"
    uci: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Resign(Command):
    """Give up."""

    name: ClassVar[str] = "resign"


@dataclass(frozen=True, slots=True, kw_only=True)
class Abort(Command):
    """End a game that has not begun."""

    name: ClassVar[str] = "abort"


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawYes(Command):
    """Offer a draw or accept one."""

    name: ClassVar[str] = "draw-yes"


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawNo(Command):
    """Decline a draw, or take one's offer back."""

    name: ClassVar[str] = "draw-no"


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawClaim(Command):
    """Claim a draw by repetition or fifty moves."""

    name: ClassVar[str] = "draw-claim"


@dataclass(frozen=True, slots=True, kw_only=True)
class ResignForce(Command):
    """Claim the win over a player who has gone."""

    name: ClassVar[str] = "resign-force"


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawForce(Command):
    """Claim a draw with a player who has gone."""

    name: ClassVar[str] = "draw-force"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick(Command):
    """The server's own: has a flag fallen, or was a first move not made in time."""

    name: ClassVar[str] = "tick"
