"""What a decision depends on, and what may come of it. Pure."""

from collections.abc import Callable
from dataclasses import dataclass

from msgspec import Struct
from msgspec.structs import replace

from chess_server.game.arrivals import Life
from chess_server.game.clock import GRACE_MS
from chess_server.game.color import Color
from chess_server.game.commands import Command
from chess_server.game.events import Ended, Event
from chess_server.game.outages import Outages
from chess_server.game.state import Game
from chess_server.game.status import FIRST_MOVES, Status, result_of

NO_OUTAGES = Outages()


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


class TakenBack(Struct, frozen=True, kw_only=True):
    """The game as it was before the moves that both players have agreed to take back. It goes on under a new epoch."""

    game: Game


Outcome = Step | TakenBack | Rejected | Duplicate
Decider = Callable[[Game, Color, Command, Moment], Outcome]


def stepped(game: Game, *events: Event) -> Step:
    """Return the step to a game, by these events."""
    return Step(game=replace(game, v=game.v + len(events)), events=events)


def ended(game: Game, status: Status, winner: Color | None = None, *before: Event) -> Step:
    """Return the step by which a game ends, after other events."""
    event = Ended(status=status, winner=winner, pgn_result=result_of(status, winner))
    return stepped(
        replace(game, status=status, winner=winner, draw_offer=None, takeback_offer=None), *before, event
    )


def due_in_ms(game: Game, no_start_ms: int) -> int:
    """How long after the turn began a Tick can end the game."""
    if game.ply < FIRST_MOVES:
        return no_start_ms
    clock, turn = game.clock, game.turn
    return clock.side(turn).left_ms + min(clock.forgivable_ms(turn), GRACE_MS)
