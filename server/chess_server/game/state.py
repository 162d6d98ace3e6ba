"""A game as one immutable value: Redis holds it as one blob, from which every server can continue.

Servers of two versions share games during an update: what only the newer one knows survives in `newer`.
"""

from hashlib import sha256
from hmac import compare_digest
from typing import Any

import msgspec
from msgspec import UNSET, Struct, UnsetType
from msgspec.structs import replace

from chess_server.game.clock import Clock, start
from chess_server.game.color import OTHER, Color, turn_at
from chess_server.game.newer import Members, put_together, taken_apart
from chess_server.game.repetition import Positions, digest, extended
from chess_server.game.rules import START, Played
from chess_server.game.status import Result, Status, result_of

REMEMBERED = 8
"""How many accepted commands of each player a game remembers, so that a command sent again is carried out once."""


DIGEST = "~"
"""What a digest begins with, and no secret does."""


def digest_of(game_id: str, secret: str) -> str:
    """Return what the database holds of a secret. It has 71 bits of chance, so a plain hash cannot be turned round."""
    return DIGEST + sha256(f"{game_id}{secret}".encode()).hexdigest()


class Player(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who plays a color: the secret in an older client's path, or its digest, and the client's id in the lobby."""

    id: str
    sri: str = ""

    def __repr__(self) -> str:
        """Show nothing of it: a game may be shown in an error."""
        return "Player(…)"


class Accepted(Struct, frozen=True, array_like=True):
    """An accepted command: who sent it, its number among that player's commands, and what it asked for.

    `what` is empty where that is not known: written by a server that did not store it.
    """

    color: Color
    a: int
    what: str = ""


class Game(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
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
    white_offer_ply: int | None = None
    black_offer_ply: int | None = None
    """At which ply each player last offered a draw."""
    takeback_offer: Color | None = None
    white_takeback_ply: int | None = None
    black_takeback_ply: int | None = None
    """At which ply each player last asked to take a move back."""
    newer: Members | UnsetType = msgspec.field(name="", default=UNSET)

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

    @property
    def last(self) -> str:
        """The last move in UCI; empty before the first."""
        return self.moves[-5:].rpartition(" ")[2]

    def player(self, color: Color) -> Player:
        """Who plays a color."""
        return self.white if color == "white" else self.black

    def color_of(self, secret: str) -> Color | None:
        """Which color a secret plays; None for a wrong secret. Redis holds secrets, the database their digests."""
        shown = digest_of(self.id, secret)
        for color in OTHER:
            kept = self.player(color).id
            known = kept if kept.startswith(DIGEST) else digest_of(self.id, kept)
            if secret and compare_digest(known.encode(), shown.encode()):
                return color
        return None

    def offer_ply(self, color: Color) -> int | None:
        """At which ply a player last offered a draw."""
        return self.white_offer_ply if color == "white" else self.black_offer_ply

    def takeback_ply(self, color: Color) -> int | None:
        """At which ply a player last asked to take a move back."""
        return self.white_takeback_ply if color == "white" else self.black_takeback_ply

    def accepted_as(self, color: Color, a: int | None) -> str | None:
        """Return what a player's command of that number asked for, if one was accepted before."""
        for known in reversed(self.accepted):
            if known.a == a and known.color == color:
                return known.what
        return None

    def accepting(self, color: Color, a: int, what: str) -> tuple[Accepted, ...]:
        """Return the accepted commands with one more. Each player has a memory of its own: nobody fills another's."""
        mine = [place for place, known in enumerate(self.accepted) if known.color == color]
        kept = self.accepted
        if len(mine) >= REMEMBERED:
            kept = kept[: mine[0]] + kept[mine[0] + 1 :]
        return (*kept, Accepted(color, a, what))


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


def moved(game: Game, played: Played, **others: Any) -> Game:
    """Return a game after one more move. `others`: what else changes with it; the clock does not by itself."""
    return replace(
        game,
        ply=game.ply + 1,
        fen=played.fen,
        moves=f"{game.moves} {played.uci}".strip(),
        sans=f"{game.sans} {played.san}".strip(),
        positions=extended(game.positions, played.fen, irreversible=played.irreversible),
        **others,
    )


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Game)


def encode(game: Game) -> bytes:
    """Encode a game for the store."""
    if game.newer is UNSET:
        return _encoder.encode(game)
    return put_together(_encoder.encode(replace(game, newer=UNSET)), game.newer)


def decode(blob: bytes) -> Game:
    """Decode a stored game; raises msgspec.MsgspecError."""
    try:
        return _decoder.decode(blob)
    except msgspec.ValidationError:
        game, newer = taken_apart(blob, Game)
        return replace(game, newer=newer) if newer else game
