"""The path of a command in one game, from its arrival to its acknowledgement.

decide (pure) → apply in Redis → commit to PostgreSQL → publish → acknowledge. Each step may be repeated. If another
server has changed the game meanwhile, Redis reports a conflict, and the command is decided again on the new state.
"""

import asyncio
from collections.abc import Callable
from time import monotonic

from chess_server.game.arrivals import Arrivals
from chess_server.game.color import OTHER, Color
from chess_server.game.commands import Command
from chess_server.game.decide import decide
from chess_server.game.outcomes import Duplicate, Moment, Rejected, Step, TakenBack
from chess_server.game.shared import Held
from chess_server.game.sight import Sight, sighted
from chess_server.play.attendance import Attendance
from chess_server.play.ledger import Ledger
from chess_server.store.errors import BrokenGameError, ContradictionError, SaturatedError, UnavailableError
from chess_server.store.stores import Stores
from chess_server.wire import frames

TRIES = 4


def _steady_ms() -> int:
    return round(monotonic() * 1000)


class CommandExecutor:
    """Carries out the commands of one game, on this server one at a time."""

    def __init__(
        self,
        ledger: Ledger,
        attendance: Attendance,
        stores: Stores,
        no_start_ms: int,
        steady_ms: Callable[[], int] = _steady_ms,
    ) -> None:
        self._ledger = ledger
        self._attendance = attendance
        self._stores = stores
        self._no_start_ms = no_start_ms
        self._steady_ms = steady_ms
        self._lock = asyncio.Lock()
        self._arrivals = Arrivals()
        self._sight: Sight | None = None
        self._forgiven_ms = 0

    async def submit(self, color: Color, command: Command, received_ms: int, lag_ms: int) -> bytes | None:
        """Carry out a command; return the answer for its sender, None if there is nothing to answer."""
        ply = None if self._sight is None else self._sight.ply
        self._arrivals = self._arrivals.received(color, command, received_ms, ply)
        async with self._lock:
            rejected = await self._answered(color, command, received_ms, lag_ms)
        code = None if rejected is None else rejected.code
        self._arrivals = self._arrivals.answered(color, command, code, self._stores.clock.now_ms())
        if rejected is not None:
            return frames.rejected(command.a, rejected.code, rejected.message)
        return None if command.a is None else frames.ack(command.a)

    async def settle(self) -> None:
        """Store and publish what Redis holds of the game, between two commands."""
        async with self._lock:
            self._ledger.forget()
            await self._ledger.settled()

    def saw(self, held: Held) -> Sight:
        """Note a state as soon as this server has it: a turn is measured from its first sight."""
        if self._sight is not None and self._sight.is_of(held):
            return self._sight
        self._sight = sighted(held, self._sight, self._stores.clock.now_ms(), self._steady_ms())
        return self._sight

    def take_forgiven_ms(self) -> int:
        """Return the lag forgiven since this was last asked."""
        taken, self._forgiven_ms = self._forgiven_ms, 0
        return taken

    async def _answered(
        self, color: Color, command: Command, received_ms: int, lag_ms: int
    ) -> Rejected | None:
        try:
            return await self._try(color, command, received_ms, lag_ms)
        except UnavailableError as error:
            self._ledger.forget()
            return _not_now(error)
        except BrokenGameError:
            self._ledger.forget()
            return Rejected(code="broken_game", message="this game cannot be stored and cannot go on")
        except ContradictionError:
            return Rejected(code="conflict", message="the game was read back from the database; see the full")

    async def _try(self, color: Color, command: Command, received_ms: int, lag_ms: int) -> Rejected | None:
        for _ in range(TRIES):
            remembered = self._ledger.held
            held = await self._ledger.settle(await self._ledger.current())
            moment = await self._moment(held, color, command, received_ms, lag_ms)
            outcome = decide(held.game, color, command, moment)
            if isinstance(outcome, Rejected):
                if held is not remembered:
                    return outcome
                self._ledger.forget()  # memory may be behind: before rejecting, decide again on what Redis holds
                continue
            if isinstance(outcome, Duplicate):
                return None
            if isinstance(outcome, TakenBack):
                await self._ledger.take_back(held.game, outcome.game)
                return None
            if await self._ledger.carry_out(held.game, outcome, command.a):
                self._count_forgiven(held, outcome, color)
                return outcome.rejected
            self._ledger.forget()
        return Rejected(code="overloaded", message="too many commands at once; send the same again")

    async def _moment(
        self, held: Held, color: Color, command: Command, received_ms: int, lag_ms: int
    ) -> Moment:
        now_ms, outages = self._stores.clock.now_ms(), self._stores.health.outages
        return Moment(
            received_ms=received_ms,
            since_ms=self.saw(held).began_ms(now_ms, self._steady_ms(), outages),
            outages=outages,
            life=self._arrivals.of(color, command),
            lag_ms=lag_ms,
            opponent_gone=command.claims_absence and await self._attendance.is_gone(OTHER[color], held),
            no_start_ms=self._no_start_ms,
        )

    def _count_forgiven(self, held: Held, step: Step, color: Color) -> None:
        before, after = held.game.clock.side(color), step.game.clock.side(color)
        self._forgiven_ms += after.forgiven_ms - before.forgiven_ms


def _not_now(error: UnavailableError) -> Rejected:
    if isinstance(error, SaturatedError):
        return Rejected(code="overloaded", message=f"{error.store} has too much to do; send the same again")
    return Rejected(code="unavailable", message=f"{error.store} does not answer; send the same again")
