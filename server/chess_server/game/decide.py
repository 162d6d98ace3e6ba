"""Decides each command: `(game, color, command, moment) → Step | Rejected | Duplicate`. Pure.

The table at the end says which function decides which command. A game that is over rejects every command but those that
it accepted before.
"""

from collections.abc import Callable
from dataclasses import dataclass

from msgspec import Struct
from msgspec.structs import replace

from chess_server.game.arrivals import Life
from chess_server.game.clock import GRACE_MS, Clock
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
from chess_server.game.outages import Outages
from chess_server.game.repetition import FIVEFOLD, THREEFOLD, extended, occurrences
from chess_server.game.rules import (
    FIFTY_MOVES,
    BadMoveError,
    IllegalMoveError,
    can_mate,
    halfmove_clock,
    play,
)
from chess_server.game.state import Game
from chess_server.game.status import FIRST_MOVES, Status, result_of

NO_OUTAGES = Outages()
PLIES_BETWEEN_OFFERS = 20
"""How many plies must pass before a player may offer a draw again, as in lila."""


class Moment(Struct, frozen=True, kw_only=True):
    """When a command arrived, by Redis TIME, and what else its decision depends on.

    `since_ms`: when the turn began. `life`: earlier copies of the command. `lag_ms`: the sender's measured lag.
    `opponent_gone`: the other player's absence may be claimed. `no_start_ms`: how long a first move may take.
    """

    received_ms: int
    since_ms: int = 0
    outages: Outages = NO_OUTAGES
    life: Life | None = None
    lag_ms: int = 0
    opponent_gone: bool = False
    no_start_ms: int = 60_000

    def elapsed_ms(self, game: Game) -> int:
        """How long the player to move has thought, less outages."""
        arrived_ms = self.received_ms
        if self.life is not None:
            arrived_ms = self.life.counts_from(arrived_ms, self.since_ms, game.ply)
        return self.outages.elapsed(self.since_ms, arrived_ms)


class Rejected(Struct, frozen=True, kw_only=True):
    """Not accepted; the game does not change."""

    code: str
    message: str


class Step(Struct, frozen=True, kw_only=True):
    """The game after the command, and the events that lead to it: versions `before.v + 1 … game.v`.

    `rejected`: the game has changed, but the command itself was not done: a move after the flag has fallen.
    """

    game: Game
    events: tuple[Event, ...]
    rejected: Rejected | None = None


@dataclass(frozen=True, slots=True)
class Duplicate:
    """Accepted before: acknowledge it again once it is stored."""


Outcome = Step | Rejected | Duplicate


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
    if isinstance(outcome, Step) and outcome.rejected is None and command.a is not None:
        accepted = outcome.game.accepting(color, command.a, command.what)
        return Step(game=replace(outcome.game, accepted=accepted), events=outcome.events)
    return outcome


def _resigned_before(game: Game, color: Color, command: Command) -> bool:
    if not (isinstance(command, Resign) and game.status == "resign"):
        return False
    return game.winner == OTHER[color] or (game.winner is None and not can_mate(game.fen, OTHER[color]))


def due_in_ms(game: Game, no_start_ms: int) -> int:
    """How long after the turn began a Tick can end the game."""
    if game.ply < FIRST_MOVES:
        return no_start_ms
    clock, turn = game.clock, game.turn
    return clock.side(turn).left_ms + min(clock.forgivable_ms(turn), GRACE_MS)


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
    try:
        played = play(game.fen, command.uci, game=game.id, last=game.last)
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
        clock=_spent(game, moment),
        draw_offer=color if game.draw_offer == color else None,
    )
    event = Moved(ply=after.ply, uci=played.uci, san=played.san, fen=played.fen, clock=seconds(after))
    status = played.status or ("draw" if occurrences(after.positions) >= FIVEFOLD else None)
    if status is None:
        return _step(after, event)
    return _ended(after, status, color if status == "mate" else None, event)


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
    return _ended(stopped, "outoftime", _winner(game, OTHER[loser]))


def _winner(game: Game, color: Color) -> Color | None:
    """Who wins if the other player gives up: nobody if this one could never mate."""
    return color if can_mate(game.fen, color) else None


def _tick(game: Game, _color: Color, _command: Command, moment: Moment) -> Outcome:
    if moment.elapsed_ms(game) < due_in_ms(game, moment.no_start_ms):
        return Rejected(code="too_early", message="no flag has fallen")
    return _ended(game, "noStart") if game.ply < FIRST_MOVES else _flag(game)


def _resign(game: Game, color: Color, _command: Command, _moment: Moment) -> Outcome:
    if game.ply < FIRST_MOVES:
        return _ended(game, "aborted")
    return _ended(game, "resign", _winner(game, OTHER[color]))


def _abort(game: Game, _color: Color, _command: Command, _moment: Moment) -> Outcome:
    if game.ply >= FIRST_MOVES:
        return Rejected(code="too_late", message="a game may be aborted before both have moved")
    return _ended(game, "aborted")


def _draw_yes(game: Game, color: Color, _command: Command, _moment: Moment) -> Outcome:
    if game.draw_offer == OTHER[color]:
        return _ended(game, "draw" if game.ply >= FIRST_MOVES else "aborted")
    if game.draw_offer == color:
        return Duplicate()
    last = game.offer_ply(color)
    if last is not None and game.ply <= last + PLIES_BETWEEN_OFFERS:
        return Rejected(
            code="too_soon", message=f"wait until {PLIES_BETWEEN_OFFERS} plies after your last offer"
        )
    offered = {"white_offer_ply": game.ply} if color == "white" else {"black_offer_ply": game.ply}
    return _step(replace(game, draw_offer=color, **offered), DrawOffered(color=color))


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
    if game.turn == color:
        return Rejected(
            code="your_turn", message="an absence may be claimed in the opponent's turn; move first"
        )
    if game.ply < FIRST_MOVES:
        return _ended(game, "aborted")
    if isinstance(command, DrawForce):
        return _ended(game, "draw")
    return _ended(game, "timeout", _winner(game, color))


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
