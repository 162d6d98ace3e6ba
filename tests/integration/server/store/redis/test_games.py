"""Games in a real Redis: what is published, and to whom."""

import asyncio
from typing import Any

import pytest
from stored_games import a_game, new_id

from chess_server.game.commands import MakeMove
from chess_server.game.decide import Moment, Step, decide
from chess_server.game.state import Game, encode
from chess_server.play.channel import Happened, parse
from chess_server.store.health import Health, RedisTime
from chess_server.store.redis.bus import Bus
from chess_server.store.redis.games import Games
from chess_server.store.redis.keys import Keys
from chess_server.store.redis.nodes import Nodes

pytestmark = pytest.mark.integration

KEYS = Keys("published")


async def moved(games: Games, before: Game) -> Game:
    """Make a game and a move in it, which Redis then holds."""
    step = decide(before, "white", MakeMove(uci="e2e4", a=1), Moment(received_ms=0))
    assert isinstance(step, Step)
    assert await games.create(before)
    assert await games.apply(before, step, 1) == "ok"
    return step.game


async def listening(bus: Bus, game_id: str) -> asyncio.Queue[bytes]:
    messages: asyncio.Queue[bytes] = asyncio.Queue()
    await bus.subscribe(KEYS.channel(game_id), messages.put_nowait)
    return messages


@pytest.mark.parametrize(
    "listeners, own",
    [(1, 1), (1, 0), (2, 1), (2, 0)],
    ids=["itself", "another", "itself and another", "two others"],
)
async def test_events_are_published_if_another_server_listens_and_answered_if_none_does(
    redis_there: Any, listeners: int, own: int
) -> None:
    health = Health(Nodes(redis_there.calls), RedisTime())
    games = Games(redis_there.calls, KEYS, health)
    await health.probe()
    before = a_game(new_id())
    after = await moved(games, before)
    others = [Bus(redis_there.calls.topology.of, redis_there.endpoint.open) for _ in range(listeners - 1)]
    try:
        async with asyncio.timeout(60):
            heard = [await listening(bus, before.id) for bus in (redis_there.bus, *others)]
            published = await games.publish(after, listening=bool(own))
            assert published is not None
            if published.message is not None:
                await games.repeat(before.id, published.message)
            happened = [parse(await messages.get()) for messages in heard]
            assert (published.message is None) == (listeners > own)
            state = encode(after) if listeners > own else b""
            for each in happened:
                assert isinstance(each, Happened)
                assert (each.first, each.last, each.since_ms, each.state) == (1, 1, published.since_ms, state)
    finally:
        for bus in others:
            await bus.stop()
        await games.forget(before.id)
