"""The server's messages, as finished frames. An event's frame is made once and sent to all sockets unchanged."""

from typing import Protocol

import msgspec

from chess_server.game.clock import Clock
from chess_server.game.color import OTHER, Color
from chess_server.game.events import NAMES, Event
from chess_server.game.state import Game
from chess_server.game.status import FIRST_MOVES

PONG = b"0"
_encode = msgspec.json.Encoder().encode


class Sender(Protocol):
    """A socket that takes frames."""

    def send(self, frame: bytes) -> None:
        """Send a frame."""


def frame(kind: str, data: object = None, **envelope: int) -> bytes:
    """Encode one frame; `envelope` may hold `v` and `epoch`."""
    body = {} if data is None else {"d": data}
    return _encode({"t": kind, **envelope, **body})


def event(happened: Event, v: int) -> bytes:
    """Encode an event with its version."""
    return frame(NAMES[type(happened)], happened, v=v)


def ack(a: int) -> bytes:
    """Encode the acknowledgement of a command."""
    return frame("ack", a)


def rejected(a: int | None, code: str, message: str) -> bytes:
    """Encode a nack, or an error if the command had no number."""
    if a is None:
        return error(code, message)
    return frame("nack", {"a": a, "code": code, "message": message})


def error(code: str, message: str) -> bytes:
    """Encode an error."""
    return frame("error", {"code": code, "message": message})


def redirect(full_id: str, color: Color) -> bytes:
    """Encode the redirect of a paired player to the game."""
    return frame("redirect", {"id": full_id, "url": f"/play/{full_id}", "color": color})


def server_restart(delay_ms: int, jitter_ms: int) -> bytes:
    """Encode the request to reconnect to another server."""
    return frame("serverRestart", {"delayMs": delay_ms, "jitterMs": jitter_ms})


def crowd(*, white: bool, black: bool) -> bytes:
    """Encode which players are connected."""
    return frame("crowd", {"white": white, "black": black})


def gone(color: Color, *, is_gone: bool) -> bytes:
    """Encode that a player has gone, or is back."""
    return frame("gone", {"color": color, "gone": is_gone})


def gone_in(color: Color, seconds: float) -> bytes:
    """Encode in how many seconds a player's absence may be claimed."""
    return frame("goneIn", {"color": color, "seconds": seconds})


def clock(game: Game, elapsed_ms: int) -> bytes:
    """Encode the clock as of now; `elapsed_ms` is the time spent on this turn."""
    return frame("clock", _clock(game, elapsed_ms))


def batch(v: int, epoch: int, events: list[bytes]) -> bytes:
    """Encode missed events, each a finished frame."""
    return b'{"t":"batch","v":%d,"epoch":%d,"d":[%b]}' % (v, epoch, b",".join(events))


def full(
    game: Game, color: Color, *, player: bool, elapsed_ms: int, left_ms: dict[Color, float | None]
) -> bytes:
    """Encode the whole game for one client.

    `elapsed_ms` is the time spent on this turn; `left_ms` says for each color how long until its absence may be claimed
    (None: the player is connected).
    """
    opponent = OTHER[color]
    gone_in_ms = left_ms[opponent]
    data: dict[str, object] = {
        "game": {
            "id": game.id,
            "pool": game.pool,
            "initial": game.clock.initial_ms // 1000,
            "increment": game.clock.increment_ms // 1000,
            "color": color,
            "player": player,
        },
        "clock": _clock(game, elapsed_ms),
        "moves": game.moves,
        "ply": game.ply,
        "turn": game.turn,
        "fen": game.fen,
        "status": game.status,
        "opponent": {"online": True}
        if gone_in_ms is None
        else {"online": False, "goneIn": gone_in_ms / 1000},
        "crowd": {"white": left_ms["white"] is None, "black": left_ms["black"] is None},
        **_optional(game),
    }
    return frame("full", data, v=game.v, epoch=game.epoch)


def _optional(game: Game) -> dict[str, str]:
    fields = {
        "winner": game.winner,
        "drawOffer": game.draw_offer,
        "pgnResult": game.result if game.over else None,
    }
    return {name: value for name, value in fields.items() if value is not None}


def _clock(game: Game, elapsed_ms: int) -> dict[str, object]:
    if game.over or game.ply < FIRST_MOVES:
        return _seconds(game.clock, game.turn, 0)
    return {**_seconds(game.clock, game.turn, elapsed_ms), "running": game.turn}


def _seconds(clock: Clock, turn: Color, elapsed_ms: int) -> dict[str, object]:
    spent: dict[Color, int] = {turn: elapsed_ms, OTHER[turn]: 0}
    return {
        "white": max(clock.white.left_ms - spent["white"], 0) / 1000,
        "black": max(clock.black.left_ms - spent["black"], 0) / 1000,
    }
