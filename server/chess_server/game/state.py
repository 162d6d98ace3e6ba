"""A game as one immutable value: Redis holds it as one blob, from which every server can continue."""

import msgspec
from msgspec import Struct

from chess_server.game.clock import Clock, start
from chess_server.game.color import Color, turn_at
from chess_server.game.repetition import Positions, digest
from chess_server.game.rules import START
from chess_server.game.status import Result, Status, result_of

REMEMBERED = 24
"""How many accepted commands a game remembers, so that a command sent again is carried out once."""


class Player(Struct, frozen=True, kw_only=True):
    """Who plays a color: the secret in the path of play, and the client's id in the lobby."""

    id: str
    sri: str = ""


class Accepted(Struct, frozen=True, array_like=True):
    """An accepted command: who sent it, and its number among that player's commands."""

    color: Color
    a: int


class Game(Struct, frozen=True, kw_only=True):
    """`v` counts the events; `moves` (UCI) and `sans` are separated by blanks."""

    id: str
    epoch: int
    v: int
    white: Player
    black: Player
    clock: Clock
    created_ms: int
    ply: int = 0
    fen: str = START
    moves: str = ""
    sans: str = ""
    positions: Positions = ()
    status: Status = "started"
    winner: Color | None = None
    draw_offer: Color | None = None
    accepted: tuple[Accepted, ...] = msgspec.field(name="granted", default=())
    """Named `granted` in the store, where games outlive the servers that wrote them."""

    @property
    def turn(self) -> Color:
        """Whose turn it is."""
        return turn_at(self.ply)

    @property
    def over(self) -> bool:
        """Whether the game has ended."""
        return self.status != "started"

    @property
    def result(self) -> Result:
        """The PGN result."""
        return result_of(self.status, self.winner)

    @property
    def pool(self) -> str:
        """The pool's name: minutes + seconds."""
        return f"{self.clock.initial_ms // 60000}+{self.clock.increment_ms // 1000}"

    def player(self, color: Color) -> Player:
        """Who plays a color."""
        return self.white if color == "white" else self.black

    def color_of(self, secret: str) -> Color | None:
        """Which color a secret plays; None for a wrong secret."""
        by_secret: dict[str, Color] = {self.white.id: "white", self.black.id: "black"}
        return by_secret.get(secret)

    def has_accepted(self, color: Color, a: int | None) -> bool:
        """Whether a player's command of that number was accepted before."""
        return a is not None and Accepted(color, a) in self.accepted


def new_game(  # noqa: PLR0913 - the one place where a game is made, from all its parts
    game_id: str,
    *,
    white: Player,
    black: Player,
    initial_seconds: int,
    increment_seconds: int,
    now_ms: int,
    epoch: int = 1,
) -> Game:
    """Make a game at its first position."""
    return Game(
        id=game_id,
        epoch=epoch,
        v=0,
        white=white,
        black=black,
        clock=start(initial_seconds, increment_seconds),
        created_ms=now_ms,
        positions=(digest(START),),
    )


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Game)


def encode(game: Game) -> bytes:
    """Encode a game for the store."""
    return _encoder.encode(game)


def decode(blob: bytes) -> Game:
    """Decode a stored game; raises msgspec.MsgspecError."""
    return _decoder.decode(blob)
