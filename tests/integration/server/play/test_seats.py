"""The seats of a server with thousands of rooms are written again before they expire."""

import asyncio
import time
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any, cast

import pytest
from polling import eventually
from redis.asyncio import Redis

from chess_server.play.room import Room, Timeouts
from chess_server.play.rooms import SEATS_SECONDS, Rooms
from chess_server.play.subscribers import Subscriber
from chess_server.store.health import Health, RedisTime
from chess_server.store.redis.calls import Calls
from chess_server.store.redis.endpoint import RedisEndpoint
from chess_server.store.redis.games import Games
from chess_server.store.redis.keys import Keys
from chess_server.store.redis.nodes import Nodes
from chess_server.supervisor import Guard

pytestmark = pytest.mark.integration

ROOMS = 3000
ROUND_TRIP_SECONDS = 0.0033
ROUND_TRIPS = 15
KEYS = Keys("seats")


far_calls: list[int] = []
"""How many games each round trip was for."""


class Socket:
    def __init__(self) -> None:
        self.sent: list[bytes] = []

    def send(self, frame: bytes) -> None:
        self.sent.append(frame)


@pytest.fixture
async def calls(redis_server: Any) -> AsyncIterator[Calls]:
    """Calls to a Redis that is as far away as another zone."""
    endpoint = RedisEndpoint(redis_server.url, None)
    client = endpoint.client()
    made = Calls(endpoint.topology(client), endpoint.open)
    near = made.many
    far_calls.clear()

    async def far(asked: Any) -> Any:
        far_calls.append(len(asked))
        await asyncio.sleep(ROUND_TRIP_SECONDS)
        return await near(asked)

    made.many = far  # type: ignore[method-assign]
    yield made
    await made.close()
    await client.aclose()


async def test_thousands_of_rooms_keep_their_seats_within_the_interval(
    calls: Calls, redis_server: Any
) -> None:
    clock = RedisTime()
    health = Health(Nodes(calls), clock)
    stores = cast("Any", SimpleNamespace(games=Games(calls, KEYS, health), health=health, clock=clock))
    rooms = Rooms(stores, cast("Any", None), KEYS, Timeouts(no_start_ms=60_000, abandon_ms=60_000))
    sockets = [_seat(rooms, stores, number) for number in range(ROOMS)]
    async with Redis.from_url(redis_server.url) as client:
        async with client.pipeline(transaction=False) as pipeline:
            for game_id in rooms._rooms:
                pipeline.hset(KEYS.game(game_id), "epoch", "1")
            await pipeline.execute()
        began = time.monotonic()
        turns: list[float] = []
        loop = asyncio.create_task(rooms.refresh_seats(lambda: turns.append(time.monotonic() - began)))
        await eventually(lambda: len(turns) >= ROUND_TRIPS, "a whole round", within=60, every=0.01)
        loop.cancel()
        async with client.pipeline(transaction=False) as pipeline:
            for game_id in rooms._rooms:
                pipeline.zcard(KEYS.seats(game_id))
            assert await pipeline.execute() == [1] * ROOMS
    assert len(far_calls) == ROUND_TRIPS
    assert ROUND_TRIPS * ROUND_TRIP_SECONDS < SEATS_SECONDS / 10, (
        "and the rest of a round is this machine's alone"
    )
    assert all(socket.sent for socket in sockets), "each learns that the opponent is away"


def _seat(rooms: Rooms, stores: Any, number: int) -> Socket:
    """Sit White down in a room of its own."""
    socket, game_id = Socket(), f"g{number:07d}"
    room = rooms._rooms[game_id] = Room(game_id, stores, rooms._timeouts, Guard("game"), subscribed=bool)
    room.subscribers.all.add(Subscriber(sender=socket, color="white", player=True, member=f"pod|{number}"))
    return socket
