"""The path of a command in one game, from its arrival to its acknowledgement.

decide (pure) → apply in Redis → commit to PostgreSQL → publish → acknowledge. Each step may be repeated. If another
server has changed the game meanwhile, Redis reports a conflict, and the command is decided again on the new state.
"""

import asyncio
from collections import deque

from chess_server.game.color import OTHER, Color
from chess_server.game.commands import Command
from chess_server.game.decide import Duplicate, Moment, Rejected, decide
from chess_server.game.shared import Held
from chess_server.play.attendance import Attendance
from chess_server.play.ledger import Ledger
from chess_server.store.errors import BrokenGameError, ContradictionError, SaturatedError, UnavailableError
from chess_server.store.health import Health
from chess_server.wire import frames

TRIES = 4
REMEMBERED_ARRIVALS = 16


class CommandExecutor:
    """Carries out the commands of one game, on this server one at a time."""

    def __init__(self, ledger: Ledger, attendance: Attendance, health: Health, no_start_ms: int) -> None:
        self._ledger = ledger
        self._attendance = attendance
        self._health = health
        self._no_start_ms = no_start_ms
        self._lock = asyncio.Lock()
        self._arrivals: deque[tuple[Color, int, int]] = deque(maxlen=REMEMBERED_ARRIVALS)

    async def submit(self, color: Color, command: Command, received_ms: int, lag_ms: int) -> bytes | None:
        """Carry out a command; return the answer for its sender, None if there is nothing to answer."""
        arrived_ms = self._arrival(color, command.a, received_ms)
        async with self._lock:
            try:
                rejected = await self._try(color, command, arrived_ms, lag_ms)
            except UnavailableError as error:
                self._ledger.forget()
                rejected = _not_now(error)
            except BrokenGameError:
                self._ledger.forget()
                rejected = Rejected(code="broken_game", message="this game cannot be stored and cannot go on")
            except ContradictionError:
                rejected = Rejected(
                    code="conflict", message="the game was read back from the database; see the full"
                )
        if rejected is not None:
            return frames.rejected(command.a, rejected.code, rejected.message)
        return None if command.a is None else frames.ack(command.a)

    async def settle(self) -> None:
        """Store and publish what Redis holds of the game, between two commands."""
        async with self._lock:
            self._ledger.forget()
            await self._ledger.settled()

    async def _try(self, color: Color, command: Command, arrived_ms: int, lag_ms: int) -> Rejected | None:
        for _ in range(TRIES):
            remembered = self._ledger.held
            held = await self._ledger.settle(await self._ledger.current())
            moment = await self._moment(held, color, command, arrived_ms, lag_ms)
            outcome = decide(held.game, color, command, moment)
            if isinstance(outcome, Rejected):
                if held is not remembered:
                    return outcome
                self._ledger.forget()  # memory may be behind: before rejecting, decide again on what Redis holds
                continue
            if isinstance(outcome, Duplicate) or await self._ledger.carry_out(held.game, outcome, command.a):
                return None
            self._ledger.forget()
        return Rejected(code="overloaded", message="too many commands at once; send the same again")

    async def _moment(
        self, held: Held, color: Color, command: Command, arrived_ms: int, lag_ms: int
    ) -> Moment:
        return Moment(
            elapsed_ms=self._health.outages.elapsed(held.since_ms, arrived_ms),
            lag_ms=lag_ms,
            opponent_gone=command.claims_absence and await self._attendance.is_gone(OTHER[color]),
            no_start_ms=self._no_start_ms,
        )

    def _arrival(self, color: Color, a: int | None, received_ms: int) -> int:
        """When the first copy of a command came: sending it again costs the player no time."""
        if a is None:
            return received_ms
        for known_color, known_a, known_ms in self._arrivals:
            if (known_color, known_a) == (color, a):
                return known_ms
        self._arrivals.append((color, a, received_ms))
        return received_ms


def _not_now(error: UnavailableError) -> Rejected:
    if isinstance(error, SaturatedError):
        return Rejected(code="overloaded", message=f"{error.store} has too much to do; send the same again")
    return Rejected(code="unavailable", message=f"{error.store} does not answer; send the same again")
