"""The path of a command through a game whose stores are stood in for."""

import json
from types import SimpleNamespace
from typing import Any, cast

from chess_server.game.commands import Abort, Command, MakeMove
from chess_server.game.decide import Moment, Step, decide
from chess_server.game.outages import Outages
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

    async def current(self) -> Held:
        if not self.answers:
            raise UnavailableError("redis", "no answer")
        self.held = self.held or self.stored
        return self.held

    async def settle(self, held: Held) -> Held:
        return held

    def forget(self) -> None:
        self.held = None

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
        step = decide(game, game.turn, MakeMove(uci=uci, a=number), Moment(elapsed_ms=0))
        assert isinstance(step, Step)
        game = step.game
    return game


def executor(ledger: Ledger) -> CommandExecutor:
    health = SimpleNamespace(outages=Outages())
    return CommandExecutor(cast("Any", ledger), cast("Any", None), cast("Any", health), 60_000)


async def answer(
    executing: CommandExecutor, command: Command, received_ms: int = 0, color: Any = "white"
) -> Any:
    frame = await executing.submit(color, command, received_ms, 0)
    return None if frame is None else json.loads(frame)


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


async def test_sending_again_after_an_outage_costs_no_time() -> None:
    ledger = Ledger(fresh(("e2e4", "e7e5")))
    executing = executor(ledger)
    ledger.answers = False
    nack = await answer(executing, MakeMove(uci="g1f3", a=9), received_ms=1000)
    assert nack["d"]["code"] == "unavailable"
    assert ledger.held is None
    ledger.answers = True
    assert await answer(executing, MakeMove(uci="g1f3", a=9), received_ms=30_000) == {"t": "ack", "d": 9}
    assert ledger.stored.game.clock.white.left_ms == 59_000
