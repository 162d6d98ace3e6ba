"""Games in a real Redis: what is published, and to whom."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from stored_games import a_game, new_id

from chess_server.game.commands import MakeMove
from chess_server.game.decide import decide
from chess_server.game.outcomes import Moment, Step
from chess_server.game.state import Game, encode
from chess_server.play.channel import Happened, parse
from chess_server.store.health import Health, RedisTime
from chess_server.store.redis.bus import Bus
from chess_server.store.redis.games import SEAT_TTL_MS, Games
from chess_server.store.redis.keys import Keys
from chess_server.store.redis.nodes import Nodes
from chess_server.store.redis.timers import Timers

pytestmark = pytest.mark.integration

KEYS = Keys("published")
HOUR_MS = 3_600_000


class Ahead:
    """A game whose moments are an hour ahead of Redis' clock, as after that was set back."""

    def __init__(self, there: Any, health: Health, games: Games, game_id: str) -> None:
        self.calls, self.client = there.calls, there.client
        self.health, self.games, self.game_id = health, games, game_id
        self.in_an_hour = health.now_ms + HOUR_MS


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


@pytest.fixture
async def ahead(redis_there: Any) -> AsyncIterator[Ahead]:
    """A game for Redis, whose clock was set back by an hour."""
    health = Health(Nodes(redis_there.calls), RedisTime())
    await health.probe()
    made = Ahead(redis_there, health, Games(redis_there.calls, KEYS, health), new_id())
    await made.games.create(a_game(made.game_id))
    yield made
    await made.games.forget(made.game_id)


async def test_an_absence_that_began_in_the_future_begins_now(ahead: Ahead) -> None:
    await ahead.games.seat("in", ahead.game_id, ["w|pod|1"])
    await ahead.games.seat("out", ahead.game_id, ["w|pod|1"])
    await ahead.client.hset(KEYS.game(ahead.game_id), "left_w", ahead.in_an_hour)
    for _ in range(2):
        crowd = await ahead.games.seat("look", ahead.game_id, [])
        assert crowd is not None
        assert crowd.white_left_ms is not None
        assert crowd.white_left_ms <= ahead.in_an_hour - HOUR_MS + 60_000
    assert int(await ahead.client.hget(KEYS.game(ahead.game_id), "left_w")) == crowd.white_left_ms


async def test_a_seat_of_the_future_ends_with_its_time_to_live(ahead: Ahead) -> None:
    """Else a player whose server died before the clock was set back would never be gone."""
    await ahead.games.seat("in", ahead.game_id, ["w|pod|1"])
    seats = KEYS.seats(ahead.game_id)
    await ahead.client.zadd(seats, {"w|pod|1": ahead.in_an_hour})
    await ahead.games.seat("look", ahead.game_id, [])
    assert await ahead.client.zscore(seats, "w|pod|1") <= ahead.in_an_hour - HOUR_MS + 60_000 + SEAT_TTL_MS


async def test_a_turn_that_began_in_the_future_begins_now_and_stays(ahead: Ahead) -> None:
    await ahead.client.hset(KEYS.game(ahead.game_id), "since", ahead.in_an_hour)
    held = await ahead.games.load(ahead.game_id)
    assert held is not None
    assert held.since_ms <= ahead.in_an_hour - HOUR_MS + 60_000
    again = await ahead.games.load(ahead.game_id)
    assert again == held


async def test_a_timer_that_is_too_far_away_is_due(ahead: Ahead) -> None:
    timers = Timers(ahead.calls, KEYS, ahead.health)
    await ahead.client.zadd(KEYS.timers_of(ahead.game_id), {ahead.game_id: ahead.in_an_hour})
    assert ahead.game_id in await timers.due()
    await timers.arm(ahead.game_id, ahead.in_an_hour, ahead.health.now_ms)
    assert ahead.game_id not in await timers.due(), "a minute away is not too far"
    await timers.disarm(ahead.game_id)
