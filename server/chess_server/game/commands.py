"""What a player (or the clock) may wish of a game."""

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """`a` is the player's own number of the wish; without one nothing is acknowledged."""

    name: ClassVar[str] = ""
    a: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MakeMove(Wish):
    """Move, in UCI."""

    name: ClassVar[str] = "move"
    uci: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Resign(Wish):
    """Give up."""

    name: ClassVar[str] = "resign"


@dataclass(frozen=True, slots=True, kw_only=True)
class Abort(Wish):
    """End a game that has not begun."""

    name: ClassVar[str] = "abort"


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawYes(Wish):
    """Offer a draw or accept one."""

    name: ClassVar[str] = "draw-yes"


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawNo(Wish):
    """Decline a draw, or take one's offer back."""

    name: ClassVar[str] = "draw-no"


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawClaim(Wish):
    """Claim a draw by repetition or fifty moves."""

    name: ClassVar[str] = "draw-claim"


@dataclass(frozen=True, slots=True, kw_only=True)
class ResignForce(Wish):
    """Claim the win over a player who has gone."""

    name: ClassVar[str] = "resign-force"


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawForce(Wish):
    """Claim a draw with a player who has gone."""

    name: ClassVar[str] = "draw-force"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick(Wish):
    """The server's own: has a flag fallen, or was a first move not made in time."""

    name: ClassVar[str] = "tick"
