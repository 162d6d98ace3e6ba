"""The server's messages, as finished frames. An event's frame is made once and sent to all sockets unchanged."""

from typing import Protocol

import msgspec

from chess_server.game.color import OTHER, Color
from chess_server.game.events import Event
from chess_server.game.state import Game
from chess_server.game.status import FIRST_MOVES
from chess_server.wire import messages

PONG = b"0"
_encode = msgspec.json.Encoder().encode


class Sender(Protocol):
    """A socket that takes frames."""

    def send(self, frame: bytes) -> None:
        """Send a frame."""


def event(happened: Event, v: int) -> bytes:
    """Encode an event with its version."""
    return _encode(messages.of_event(happened, v))


def ack(a: int) -> bytes:
    """Encode the acknowledgement of a command."""
    return _encode(messages.Ack(d=a))


def rejected(a: int | None, code: str, message: str) -> bytes:
    """Encode a nack, or an error if the command had no number."""
    if a is None:
        return error(code, message)
    return _encode(messages.Nack(d=messages.NackData(a=a, code=code, message=message)))


def error(code: str, message: str) -> bytes:
    """Encode an error."""
    return _encode(messages.Error(d=messages.ErrorData(code=code, message=message)))


def redirect(full_id: str, color: Color, token: str) -> bytes:
    """Encode the redirect of a paired player to the game; an empty token is left out."""
    data = messages.RedirectData(id=full_id, url=f"/play/{full_id}", color=color, token=token or None)
    return _encode(messages.Redirect(d=data))


def server_restart(delay_ms: int, jitter_ms: int) -> bytes:
    """Encode the request to reconnect to another server."""
    return _encode(messages.ServerRestart(d=messages.RestartData(delay_ms=delay_ms, jitter_ms=jitter_ms)))


def crowd(*, white: bool, black: bool) -> bytes:
    """Encode which players are connected."""
    return _encode(messages.Crowd(d=messages.PlayersHere(white=white, black=black)))


def gone(color: Color, *, is_gone: bool) -> bytes:
    """Encode that a player has gone, or is back."""
    return _encode(messages.Gone(d=messages.GoneData(color=color, gone=is_gone)))


def gone_in(color: Color, seconds: float) -> bytes:
    """Encode in how many seconds a player's absence may be claimed."""
    return _encode(messages.GoneIn(d=messages.GoneInData(color=color, seconds=seconds)))


def clock(game: Game, elapsed_ms: int) -> bytes:
    """Encode the clock as of now; `elapsed_ms` is the time spent on this turn."""
    return _encode(messages.ClockNow(d=_clock(game, elapsed_ms)))


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
    gone_in_ms = left_ms[OTHER[color]]
    data = messages.FullData(
        game=messages.GameData(
            id=game.id,
            pool=game.pool,
            initial=game.clock.initial_ms // 1000,
            increment=game.clock.increment_ms // 1000,
            color=color,
            player=player,
        ),
        clock=_clock(game, elapsed_ms),
        moves=game.moves,
        ply=game.ply,
        turn=game.turn,
        fen=game.fen,
        status=game.status,
        opponent=messages.OpponentData(
            online=gone_in_ms is None, gone_in=None if gone_in_ms is None else gone_in_ms / 1000
        ),
        crowd=messages.PlayersHere(white=left_ms["white"] is None, black=left_ms["black"] is None),
        winner=game.winner,
        draw_offer=game.draw_offer,
        takeback_offer=game.takeback_offer,
        pgn_result=game.result if game.over else None,
    )
    return _encode(messages.Full(v=game.v, epoch=game.epoch, d=data))


def _clock(game: Game, elapsed_ms: int) -> messages.ClockData:
    runs = not game.over and game.ply >= FIRST_MOVES
    spent: dict[Color, int] = {game.turn: elapsed_ms if runs else 0, OTHER[game.turn]: 0}
    return messages.ClockData(
        white=max(game.clock.white.left_ms - spent["white"], 0) / 1000,
        black=max(game.clock.black.left_ms - spent["black"], 0) / 1000,
        running=game.turn if runs else None,
    )
