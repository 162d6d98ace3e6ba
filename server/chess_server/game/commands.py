"""The commands of a game, each declared once.

`name` is a command's type on the wire, its fields are its data there. The decoder (wire/requests.py) is made from
`CLIENT_COMMANDS`; decide.py says what each one does.
"""

from typing import Annotated, ClassVar

from msgspec import Meta, Struct, field

Number = Annotated[int, Meta(ge=0, le=2**53 - 1)]
LONGEST_UCI = 12
"""As much of a move as is remembered and repeated in messages."""


class Command(Struct, frozen=True, kw_only=True):
    """`a` is the player's own number of the command; without one nothing is acknowledged."""

    name: ClassVar[str] = ""
    claims_absence: ClassVar[bool] = False
    """Whether it depends on how long the opponent has been gone."""
    a: Number | None = None

    @property
    def what(self) -> str:
        """What it asks for. A command sent again asks for the same under the same number."""
        return self.name


class MakeMove(Command, frozen=True, kw_only=True):
    """Move, in UCI. Always numbered."""

    name = "move"
    uci: str = field(name="u")
    a: Number

    @property
    def what(self) -> str:
        """The move itself."""
        return self.uci[:LONGEST_UCI]


class Resign(Command, frozen=True, kw_only=True):
    """Resign."""

    name = "resign"


class Abort(Command, frozen=True, kw_only=True):
    """End a game before both players have moved."""

    name = "abort"


class DrawYes(Command, frozen=True, kw_only=True):
    """Offer a draw, or accept one."""

    name = "draw-yes"


class DrawNo(Command, frozen=True, kw_only=True):
    """Decline a draw offer, or withdraw one's own."""

    name = "draw-no"


class DrawClaim(Command, frozen=True, kw_only=True):
    """Claim a draw by repetition or fifty moves."""

    name = "draw-claim"


class TakebackYes(Command, frozen=True, kw_only=True):
    """Ask to take one's last move back, or agree to that."""

    name = "takeback-yes"


class TakebackNo(Command, frozen=True, kw_only=True):
    """Decline to take a move back, or withdraw one's own request."""

    name = "takeback-no"


class MoreTime(Command, frozen=True, kw_only=True):
    """Give the opponent time."""

    name = "moretime"


class ResignForce(Command, frozen=True, kw_only=True):
    """Claim the win over an opponent who has gone."""

    name = "resign-force"
    claims_absence = True


class DrawForce(Command, frozen=True, kw_only=True):
    """Claim a draw with an opponent who has gone."""

    name = "draw-force"
    claims_absence = True


class Tick(Command, frozen=True, kw_only=True):
    """The server's own command: end the game if a flag has fallen or a first move was not made in time."""

    name = "tick"


CLIENT_COMMANDS: tuple[type[Command], ...] = (
    MakeMove,
    Resign,
    Abort,
    DrawYes,
    DrawNo,
    DrawClaim,
    TakebackYes,
    TakebackNo,
    MoreTime,
    ResignForce,
    DrawForce,
)
"""What clients may send."""
