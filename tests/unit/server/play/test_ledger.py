"""What a ledger does about the events of a game to which only this server listens."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from chess_server.game.commands import MakeMove
from chess_server.game.decide import decide
from chess_server.game.outcomes import Moment, Step
from chess_server.game.shared import Held
from chess_server.game.state import Game, Player, new_game
from chess_server.play.ledger import Ledger, Listening
from chess_server.store.redis.games import Published

SINCE_MS = 1234
MESSAGE = b"events 1 1234 1 1\n{}\n"


class Games:
    """Redis, where `message` is the answer to a publication."""

    def __init__(self, message: bytes | None) -> None:
        self.message = message
        self.asked: list[bool] = []
        self.repeated: list[bytes] = []

    async def apply(self, _before: Game, _step: Step, _a: int | None) -> str:
        return "ok"

    async def publish(self, _game: Game, *, listening: bool) -> Published:
        self.asked.append(listening)
        return Published(SINCE_MS, self.message)

    async def repeat(self, _game_id: str, message: bytes) -> None:
        self.repeated.append(message)


class Committer:
    async def commit(self, _entry: Any) -> None:
        return None


@pytest.mark.parametrize(
    "subscribed, message, asked, heard, repeated",
    [
        ([True, True], MESSAGE, [True], [MESSAGE], []),
        ([True, False], MESSAGE, [True], [MESSAGE], [MESSAGE]),
        ([True], None, [True], [], []),
        ([False], None, [False], [], []),
    ],
    ids=["alone", "its subscription ended meanwhile", "others listen", "not subscribed"],
)
async def test_a_message_that_nobody_else_gets_is_heard_here(
    subscribed: list[bool],
    message: bytes | None,
    asked: list[bool],
    heard: list[bytes],
    repeated: list[bytes],
) -> None:
    games, kept, messages = Games(message), list[Held](), list[bytes]()
    stores = cast("Any", SimpleNamespace(games=games, committer=Committer()))
    answers = iter(subscribed)
    listening = Listening(on_kept=kept.append, on_message=messages.append, subscribed=lambda: next(answers))
    ledger = Ledger("game0001", stores, 60_000, listening)
    ledger.live = True
    before = new_game(
        "game0001",
        white=Player(id="w"),
        black=Player(id="b"),
        initial_seconds=60,
        increment_seconds=0,
        now_ms=0,
    )
    step = decide(before, "white", MakeMove(uci="e2e4", a=1), Moment(received_ms=0))
    assert isinstance(step, Step)

    assert await ledger.carry_out(before, step, 1)

    assert games.asked == asked
    assert (messages, games.repeated) == (heard, repeated)
    assert kept == [Held(game=step.game, committed=1, since_ms=SINCE_MS)]
