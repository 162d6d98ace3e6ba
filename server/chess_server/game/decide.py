"""Decides each command: `(game, color, command, moment) → Step | TakenBack | Rejected | Duplicate`. Pure.

The table at the end says which function decides which command. A game that is over rejects every command but those that
it accepted before.
"""

from msgspec.structs import replace

from chess_server.game import offers
from chess_server.game.clock import Clock
from chess_server.game.color import OTHER, Color
from chess_server.game.commands import (
    Abort,
    Command,
    DrawClaim,
    DrawForce,
    DrawNo,
    DrawYes,
    MakeMove,
    MoreTime,
    Resign,
    ResignForce,
    TakebackNo,
    TakebackYes,
    Tick,
)
from chess_server.game.events import Moved, Seconds
from chess_server.game.outcomes import (
    Decider,
    Duplicate,
    Moment,
    Outcome,
    Rejected,
    Step,
    TakenBack,
    due_in_ms,
    ended,
    stepped,
)
from chess_server.game.repetition import FIVEFOLD, THREEFOLD, occurrences
from chess_server.game.rules import (
    FIFTY_MOVES,
    BadMoveError,
    IllegalMoveError,
    can_mate,
    halfmove_clock,
    play,
)
from chess_server.game.state import Game, moved
from chess_server.game.status import FIRST_MOVES


def decide(game: Game, color: Color, command: Command, moment: Moment) -> Outcome:
    """Decide a player's command."""
    before = game.accepted_as(color, command.a)
    if before is not None and before not in ("", command.what):
        return Rejected(code="number_used", message=f"a={command.a} was another command: {before}")
    if before is not None or _resigned_before(game, color, command):
        return Duplicate()
    if game.over:
        return Rejected(code="game_over", message=f"the game has ended: {game.status}")
    if not isinstance(command, Tick) and _flag_fell_before(game, color, moment):
        fallen = Rejected(code="out_of_time", message="your flag had fallen")
        return replace(_flag(game), rejected=fallen)
    outcome = DECIDERS[type(command)](game, color, command, moment)
    if command.a is None or isinstance(outcome, Rejected | Duplicate) or _rejects(outcome):
        return outcome
    accepted = outcome.game.accepting(color, command.a, command.what)
    return replace(outcome, game=replace(outcome.game, accepted=accepted))


def _rejects(outcome: Step | TakenBack) -> bool:
    return isinstance(outcome, Step) and outcome.rejected is not None


def _resigned_before(game: Game, color: Color, command: Command) -> bool:
    if not (isinstance(command, Resign) and game.status == "resign"):
        return False
    return game.winner == OTHER[color] or (game.winner is None and not can_mate(game.fen, OTHER[color]))


def seconds(game: Game) -> Seconds:
    """Both clocks as they stand, in seconds."""
    return Seconds(white=game.clock.white.left_ms / 1000, black=game.clock.black.left_ms / 1000)


def _move(game: Game, color: Color, command: Command, moment: Moment) -> Outcome:
    assert isinstance(command, MakeMove)  # noqa: S101 - the table below pairs them
    if game.turn != color:
        return Rejected(code="not_your_turn", message=f"{command.uci[:12]}: it is {game.turn}'s turn")
    try:
        played = play(game.fen, command.uci, game=game.id, last=game.last)
    except BadMoveError as error:
        return Rejected(code="bad_move", message=str(error))
    except IllegalMoveError as error:
        return Rejected(code="illegal_move", message=str(error))
    after = moved(
        game,
        played,
        clock=_spent(game, moment),
        draw_offer=color if game.draw_offer == color else None,
        takeback_offer=None,
    )
    event = Moved(ply=after.ply, uci=played.uci, san=played.san, fen=played.fen, clock=seconds(after))
    status = played.status or ("draw" if occurrences(after.positions) >= FIVEFOLD else None)
    if status is None:
        return stepped(after, event)
    return ended(after, status, color if status == "mate" else None, event)


def _spent(game: Game, moment: Moment) -> Clock:
    if game.ply < FIRST_MOVES:
        return game.clock
    return game.clock.spend(game.turn, moment.elapsed_ms(game), moment.lag_ms)


def _flag_fell_before(game: Game, color: Color, moment: Moment) -> bool:
    """Whether the sender's flag had fallen when the command came. The server's own Tick may come a little later."""
    if game.turn != color or game.ply < FIRST_MOVES:
        return False
    if max(moment.received_ms - moment.since_ms, 0) < game.clock.side(color).left_ms:
        return False  # outages and earlier copies only make it less
    return game.clock.has_fallen(color, moment.elapsed_ms(game), moment.lag_ms)


def _flag(game: Game) -> Step:
    loser = game.turn
    stopped = replace(game, clock=game.clock.stopped_at(loser, 0))
    return ended(stopped, "outoftime", _winner(game, OTHER[loser]))


def _winner(game: Game, color: Color) -> Color | None:
    """Who wins if the other player gives up: nobody if this one could never mate."""
    return color if can_mate(game.fen, color) else None


def _tick(game: Game, _color: Color, _command: Command, moment: Moment) -> Outcome:
    if moment.elapsed_ms(game) < due_in_ms(game, moment.no_start_ms):
        return Rejected(code="too_early", message="no flag has fallen")
    return ended(game, "noStart") if game.ply < FIRST_MOVES else _flag(game)


def _resign(game: Game, color: Color, _command: Command, _moment: Moment) -> Outcome:
    if game.ply < FIRST_MOVES:
        return ended(game, "aborted")
    return ended(game, "resign", _winner(game, OTHER[color]))


def _abort(game: Game, _color: Color, _command: Command, _moment: Moment) -> Outcome:
    if game.ply >= FIRST_MOVES:
        return Rejected(code="too_late", message="a game may be aborted before both have moved")
    return ended(game, "aborted")


def _draw_claim(game: Game, color: Color, _command: Command, _moment: Moment) -> Outcome:
    repeated = occurrences(game.positions) >= THREEFOLD
    if game.turn == color and (repeated or halfmove_clock(game.fen) >= FIFTY_MOVES):
        return ended(game, "draw")
    return Rejected(
        code="no_draw",
        message="a draw may be claimed in your own turn, after threefold repetition or fifty moves",
    )


def _force(game: Game, color: Color, command: Command, moment: Moment) -> Outcome:
    if not moment.opponent_gone:
        return Rejected(code="not_gone", message="the opponent has not been gone for as long as goneIn says")
    if game.turn == color:
        return Rejected(
            code="your_turn", message="an absence may be claimed in the opponent's turn; move first"
        )
    if game.ply < FIRST_MOVES:
        return ended(game, "aborted")
    if isinstance(command, DrawForce):
        return ended(game, "draw")
    return ended(game, "timeout", _winner(game, color))


DECIDERS: dict[type[Command], Decider] = {
    MakeMove: _move,
    Resign: _resign,
    Abort: _abort,
    DrawYes: offers.draw_yes,
    DrawNo: offers.draw_no,
    DrawClaim: _draw_claim,
    TakebackYes: offers.takeback_yes,
    TakebackNo: offers.takeback_no,
    MoreTime: offers.more_time,
    ResignForce: _force,
    DrawForce: _force,
    Tick: _tick,
}
