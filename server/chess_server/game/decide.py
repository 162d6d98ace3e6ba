"""Decides each command: `(game, color, command, moment) → Step | Rejected | Duplicate`. Pure.

The table at the end says which function decides which command. A game that is over rejects every command but those that
it accepted before.
"""

from collections.abc import Callable
from dataclasses import dataclass

from msgspec.structs import replace

from chess_server.game.clock import GRACE_MS
from chess_server.game.color import OTHER, Color
from chess_server.game.commands import (
    Abort,
    Command,
    DrawClaim,
    DrawForce,
    DrawNo,
    DrawYes,
    MakeMove,
    Resign,
    ResignForce,
    Tick,
)
from chess_server.game.events import DrawDeclined, DrawOffered, Ended, Event, Moved, Seconds
from chess_server.game.repetition import FIVEFOLD, THREEFOLD, extended, occurrences
from chess_server.game.rules import (
    FIFTY_MOVES,
    BadMoveError,
    IllegalMoveError,
    can_mate,
    halfmove_clock,
    play,
)
from chess_server.game.state import REMEMBERED, Accepted, Game
from chess_server.game.status import FIRST_MOVES, Status, result_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """When a command arrived: thinking time of the player to move (without outages), and the sender's measured lag.

    `opponent_gone`: the other player's absence may be claimed. `no_start_ms`: how long a first move may take.
    """

    elapsed_ms: int
    lag_ms: int = 0
    opponent_gone: bool = False
    no_start_ms: int = 60_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """The game after the command, and the events that lead to it: versions `before.v + 1 … game.v`."""

    game: Game
    events: tuple[Event, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    """Not accepted; the game does not change."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Duplicate:
    """Accepted before: acknowledge it again once it is stored."""


Outcome = Step | Rejected | Duplicate


def decide(game: Game, color: Color, command: Command, moment: Moment) -> Outcome:
    """Decide a player's command."""
    if game.has_accepted(color, command.a) or _resigned_before(game, color, command):
        return Duplicate()
    if game.over:
        return Rejected(code="game_over", message=f"the game has ended: {game.status}")
    outcome = DECIDERS[type(command)](game, color, command, moment)
    if isinstance(outcome, Step) and command.a is not None:
        accepted = (*outcome.game.accepted, Accepted(color, command.a))[-REMEMBERED:]
        return Step(game=replace(outcome.game, accepted=accepted), events=outcome.events)
    return outcome


def _resigned_before(game: Game, color: Color, command: Command) -> bool:
    return isinstance(command, Resign) and game.status == "resign" and game.winner == OTHER[color]


def due_in_ms(game: Game, no_start_ms: int) -> int:
    """How long after the turn began a Tick can end the game."""
    if game.ply < FIRST_MOVES:
        return no_start_ms
    side = game.clock.side(game.turn)
    return side.left_ms + min(side.quota_ms, GRACE_MS)


def seconds(game: Game) -> Seconds:
    """Both clocks as they stand, in seconds."""
    return Seconds(white=game.clock.white.left_ms / 1000, black=game.clock.black.left_ms / 1000)


def _step(game: Game, *events: Event) -> Step:
    return Step(game=replace(game, v=game.v + len(events)), events=events)


def _ended(game: Game, status: Status, winner: Color | None = None, *before: Event) -> Step:
    event = Ended(status=status, winner=winner, pgn_result=result_of(status, winner))
    return _step(replace(game, status=status, winner=winner, draw_offer=None), *before, event)


def _move(game: Game, color: Color, command: Command, moment: Moment) -> Outcome:
    assert isinstance(command, MakeMove)  # noqa: S101 - the table below pairs them
    if game.turn != color:
        return Rejected(code="not_your_turn", message=f"{command.uci[:12]}: it is {game.turn}'s turn")
    timed = game.ply >= FIRST_MOVES
    if timed and game.clock.left_after(color, moment.elapsed_ms, moment.lag_ms) <= 0:
        return _flag(game)
    try:
        played = play(game.fen, command.uci)
    except BadMoveError as error:
        return Rejected(code="bad_move", message=str(error))
    except IllegalMoveError as error:
        return Rejected(code="illegal_move", message=str(error))
    after = replace(
        game,
        ply=game.ply + 1,
        fen=played.fen,
        moves=f"{game.moves} {played.uci}".strip(),
        sans=f"{game.sans} {played.san}".strip(),
        positions=extended(game.positions, played.fen, irreversible=played.irreversible),
        clock=game.clock.spend(color, moment.elapsed_ms, moment.lag_ms) if timed else game.clock,
        draw_offer=color if game.draw_offer == color else None,
    )
    event = Moved(ply=after.ply, uci=played.uci, san=played.san, fen=played.fen, clock=seconds(after))
    status = played.status or ("draw" if occurrences(after.positions) >= FIVEFOLD else None)
    if status is None:
        return _step(after, event)
    return _ended(after, status, color if status == "mate" else None, event)


def _flag(game: Game) -> Step:
    loser = game.turn
    winner = OTHER[loser] if can_mate(game.fen, OTHER[loser]) else None
    return _ended(replace(game, clock=game.clock.stopped_at(loser, 0)), "outoftime", winner)


def _tick(game: Game, _color: Color, _command: Command, moment: Moment) -> Outcome:
    if moment.elapsed_ms < due_in_ms(game, moment.no_start_ms):
        return Rejected(code="too_early", message="no flag has fallen")
    return _ended(game, "noStart") if game.ply < FIRST_MOVES else _flag(game)


def _resign(game: Game, color: Color, _command: Command, _moment: Moment) -> Outcome:
    return _ended(game, "resign", OTHER[color])


def _abort(game: Game, _color: Color, _command: Command, _moment: Moment) -> Outcome:
    if game.ply >= FIRST_MOVES:
        return Rejected(code="too_late", message="a game may be aborted before both have moved")
    return _ended(game, "aborted")


def _draw_yes(game: Game, color: Color, _command: Command, _moment: Moment) -> Outcome:
    if game.draw_offer == OTHER[color]:
        return _ended(game, "draw")
    if game.draw_offer == color:
        return Duplicate()
    return _step(replace(game, draw_offer=color), DrawOffered(color=color))


def _draw_no(game: Game, color: Color, _command: Command, _moment: Moment) -> Outcome:
    if game.draw_offer is None:
        return Rejected(code="no_draw", message="there is no draw offer")
    return _step(replace(game, draw_offer=None), DrawDeclined(color=color))


def _draw_claim(game: Game, color: Color, _command: Command, _moment: Moment) -> Outcome:
    repeated = occurrences(game.positions) >= THREEFOLD
    if game.turn == color and (repeated or halfmove_clock(game.fen) >= FIFTY_MOVES):
        return _ended(game, "draw")
    return Rejected(
        code="no_draw",
        message="a draw may be claimed in your own turn, after threefold repetition or fifty moves",
    )


def _force(game: Game, color: Color, command: Command, moment: Moment) -> Outcome:
    if not moment.opponent_gone:
        return Rejected(code="not_gone", message="the opponent has not been gone for as long as goneIn says")
    if game.ply < FIRST_MOVES:
        return _ended(game, "aborted")
    return _ended(game, "timeout", color) if isinstance(command, ResignForce) else _ended(game, "draw")


DECIDERS: dict[type[Command], Callable[[Game, Color, Command, Moment], Outcome]] = {
    MakeMove: _move,
    Resign: _resign,
    Abort: _abort,
    DrawYes: _draw_yes,
    DrawNo: _draw_no,
    DrawClaim: _draw_claim,
    ResignForce: _force,
    DrawForce: _force,
    Tick: _tick,
}
