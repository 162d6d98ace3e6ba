"""The path of a command through a game whose stores are stood in for."""

import json
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast

import pytest

from chess_server.game.arrivals import KEPT_MS
from chess_server.game.color import Color
from chess_server.game.commands import Abort, Command, DrawNo, MakeMove, ResignForce
from chess_server.game.decide import decide
from chess_server.game.outages import Outages
from chess_server.game.outcomes import Moment, Step
from chess_server.game.shared import Held
from chess_server.game.state import Game, Player, new_game
from chess_server.play.executor import TRIES, CommandExecutor
from chess_server.store.errors import UnavailableError


class Ledger:
    """A ledger over two states: what this server remembers, and what Redis holds."""

    def __init__(self, game: Game, remembered: Game | None = None) -> None:
        self.held = None if remembered is None else _held(remembered)
        self.stored = _held(game)
        self.conflicts = 0
        self.answers = True
        self.hang: Callable[[], None] = lambda: None

    async def current(self) -> Held:
        self.hang()
        if not self.answers:
            raise UnavailableError("redis", "no answer")
        self.held = self.held or self.stored
        return self.held

    async def settle(self, held: Held) -> Held:
        return held

    def forget(self) -> None:
        self.held = None

    def begin_turn(self, since_ms: int) -> None:
        self.stored = self.held = Held(
            game=self.stored.game, committed=self.stored.committed, since_ms=since_ms
        )

    async def carry_out(self, before: Game, step: Step, _a: int | None) -> bool:
        if self.conflicts:
            self.conflicts -= 1
            return False
        assert before == self.stored.game
        self.stored = self.held = _held(step.game)
        return True


def _held(game: Game) -> Held:
    return Held(game=game, committed=game.v, since_ms=0)


def fresh(moves: tuple[str, ...] = ()) -> Game:
    game = new_game(
        "game0001",
        white=Player(id="white-secret"),
        black=Player(id="black-secret"),
        initial_seconds=60,
        increment_seconds=0,
        now_ms=0,
    )
    return game if not moves else _played(game, moves)


def _played(game: Game, moves: tuple[str, ...]) -> Game:
    for number, uci in enumerate(moves, 1):
        step = decide(game, game.turn, MakeMove(uci=uci, a=number), Moment(received_ms=0))
        assert isinstance(step, Step)
        game = step.game
    return game


class Time:
    """Redis TIME and this server's steady clock."""

    def __init__(self) -> None:
        self.redis_ms = 0
        self.steady = 0

    def now_ms(self) -> int:
        return self.redis_ms

    def steady_ms(self) -> int:
        return self.steady

    def reach(self, at_ms: int) -> None:
        self.redis_ms, self.steady = self.redis_ms + at_ms - self.steady, at_ms


class Attendance:
    """Nobody is there."""

    async def is_gone(self, _color: Color, _held: Held) -> bool:
        return True


class Executor:
    """An executor whose time stands still but for `at_ms` of each command."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.time = Time()
        stores = SimpleNamespace(health=SimpleNamespace(outages=Outages()), clock=self.time)
        self.executor = CommandExecutor(
            cast("Any", ledger), cast("Any", Attendance()), cast("Any", stores), 60_000, self.time.steady_ms
        )

    async def answer(
        self, command: Command, at_ms: int = 0, color: Color = "white", lag_ms: int = 0
    ) -> dict[str, Any] | None:
        self.time.reach(at_ms)
        frame = await self.executor.submit(color, command, self.time.redis_ms, lag_ms)
        return None if frame is None else json.loads(frame)

    async def code(self, command: Command, at_ms: int = 0, color: Color = "white") -> str:
        """The code of a nack, or `ack`."""
        answer = await self.answer(command, at_ms, color)
        assert answer is not None
        return "ack" if answer["t"] == "ack" else str(answer["d"]["code"])

    @property
    def white_ms(self) -> int:
        return self.ledger.stored.game.clock.white.left_ms


def executor(ledger: Ledger) -> Executor:
    return Executor(ledger)


async def answer(executing: Executor, command: Command, received_ms: int = 0, color: Color = "white") -> Any:
    return await executing.answer(command, received_ms, color)


async def test_a_command_is_acknowledged_by_its_number() -> None:
    ledger = Ledger(fresh())
    assert await answer(executor(ledger), MakeMove(uci="e2e4", a=7)) == {"t": "ack", "d": 7}
    assert ledger.stored.game.moves == "e2e4"


async def test_a_command_without_a_number_is_not_acknowledged() -> None:
    ledger = Ledger(fresh())
    assert await answer(executor(ledger), Abort()) is None
    assert ledger.stored.game.status == "aborted"


async def test_a_command_is_not_rejected_on_a_state_from_memory_alone() -> None:
    ledger = Ledger(fresh(("e2e4", "e7e5")), remembered=fresh(("e2e4",)))
    assert await answer(executor(ledger), MakeMove(uci="g1f3", a=9)) == {"t": "ack", "d": 9}


async def test_a_command_is_decided_again_after_a_conflict_a_few_times() -> None:
    ledger = Ledger(fresh())
    ledger.conflicts = TRIES - 1
    assert await answer(executor(ledger), MakeMove(uci="e2e4", a=1)) == {"t": "ack", "d": 1}
    ledger.conflicts = TRIES
    nack = await answer(executor(ledger), MakeMove(uci="e7e5", a=1), color="black")
    assert nack["d"]["code"] == "overloaded"


MOVE = MakeMove(uci="g1f3", a=9)
BEGUN = ("e2e4", "e7e5")


async def test_sending_again_after_an_outage_costs_no_time() -> None:
    executing = Executor(Ledger(fresh(BEGUN)))
    executing.ledger.answers = False
    for at_ms in range(1000, 30_000, 2500):
        assert await executing.code(MOVE, at_ms) == "unavailable"
        assert executing.ledger.held is None
    executing.ledger.answers = True
    assert await executing.code(MOVE, 30_000) == "ack"
    assert executing.white_ms == 59_000


@pytest.mark.parametrize(
    "before, code",
    [
        pytest.param([(MakeMove(uci="g1g5", a=9), True)], "illegal_move", id="illegal"),
        pytest.param([(MakeMove(uci="hello", a=9), True)], "bad_move", id="not-a-move"),
        pytest.param([(DrawNo(a=9), True)], "no_draw", id="another-command-of-that-number"),
        pytest.param([(MakeMove(uci="b1c3", a=9), False)], "unavailable", id="another-move"),
        pytest.param(
            [(MOVE, False), (MakeMove(uci="b1c3", a=8), False)],
            "unavailable",
            id="of-several-moves-only-the-newest",
        ),
    ],
)
async def test_thinking_is_free_only_after_the_same_command_could_not_be_done(
    before: list[tuple[Command, bool]], code: str
) -> None:
    executing = Executor(Ledger(fresh(BEGUN)))
    for command, stores_answer in before:
        executing.ledger.answers = stores_answer
        assert await executing.code(command, 0) == code
    executing.ledger.answers = True
    assert await executing.code(MOVE, 4000) == "ack"
    assert executing.white_ms == 56_000


async def test_thinking_is_not_free_after_the_move_was_sent_in_the_opponents_turn() -> None:
    executing = Executor(Ledger(fresh(("e2e4",))))
    assert await executing.code(MOVE, 0) == "not_your_turn"
    executing.ledger.answers = False
    assert await executing.code(MOVE, 1000) == "unavailable"
    executing.ledger.answers = True
    assert await executing.code(MakeMove(uci="e7e5", a=1), 2000, "black") == "ack"
    executing.ledger.begin_turn(2000)
    assert await executing.code(MOVE, 8000) == "ack"
    assert executing.white_ms == 54_000


async def test_a_copy_from_long_ago_does_not_count() -> None:
    executing = Executor(Ledger(fresh(BEGUN)))
    executing.ledger.answers = False
    assert await executing.code(MOVE, 0) == "unavailable"
    executing.ledger.answers = True
    assert await executing.code(MOVE, KEPT_MS + 1) == "ack"
    assert executing.white_ms == 60_000 - KEPT_MS - 1


@pytest.mark.parametrize(
    "after_ms, charged_ms", [(1000, 0), (KEPT_MS, 0), (KEPT_MS + 1, 12_000 + KEPT_MS + 1)]
)
async def test_a_copy_lives_from_its_answer_which_may_come_late(after_ms: int, charged_ms: int) -> None:
    executing = Executor(Ledger(fresh(BEGUN)))
    executing.ledger.hang = lambda: executing.time.reach(12_000)
    executing.ledger.answers = False
    assert await executing.code(MOVE, 0) == "unavailable"
    executing.ledger.hang, executing.ledger.answers = lambda: None, True
    assert await executing.code(MOVE, 12_000 + after_ms) == "ack"
    assert executing.white_ms == 60_000 - charged_ms


async def test_a_move_after_the_flag_is_not_acknowledged_and_ends_the_game() -> None:
    executing = Executor(Ledger(fresh(BEGUN)))
    assert await executing.code(MOVE, 60_001) == "out_of_time"
    game = executing.ledger.stored.game
    assert (game.status, game.winner, game.ply) == ("outoftime", "black", 2)
    assert await executing.code(MOVE, 60_100) == "game_over", "nor when it is sent again"


@pytest.mark.parametrize("step_ms", [-3_600_000, -60_000, -3000, 3000, 60_000, 3_600_000])
async def test_a_step_of_the_redis_clock_neither_charges_nor_credits_the_running_turn(step_ms: int) -> None:
    executing = Executor(Ledger(fresh(BEGUN)))
    executing.executor.saw(executing.ledger.stored)
    executing.time.reach(2000)
    executing.time.redis_ms += step_ms
    assert await executing.code(MOVE, 5000) == "ack"
    assert executing.white_ms == 55_000


async def test_forgiven_lag_is_counted_once() -> None:
    executing = Executor(Ledger(fresh(BEGUN)))
    assert (await executing.answer(MOVE, 1000, lag_ms=300)) == {"t": "ack", "d": 9}
    assert executing.white_ms == 59_300
    assert executing.executor.take_forgiven_ms() == 300
    assert executing.executor.take_forgiven_ms() == 0


async def test_an_absent_player_is_claimed_over_only_in_the_absent_players_turn() -> None:
    executing = Executor(Ledger(fresh(BEGUN)))
    assert await executing.code(ResignForce(a=5)) == "your_turn"
    assert await executing.code(ResignForce(a=5), color="black") == "ack"
    assert executing.ledger.stored.game.winner == "black"
