"""A subscription at a real Redis whose connection closes while something is sent."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from chess_presence.cancelling import end
from chess_server.store.redis.connection import RedisConnection
from chess_server.store.redis.endpoint import RedisEndpoint
from chess_server.store.redis.subscription import NodeSubscription

pytestmark = pytest.mark.integration

CHANNEL, OTHER = "one", "other"


class Subscribed:
    """A running subscription, and its connection."""

    def __init__(self, endpoint: RedisEndpoint) -> None:
        self._endpoint = endpoint
        self.connection: RedisConnection
        self.subscription = NodeSubscription(self._connect, on_resubscribed=lambda: None)

    async def _connect(self) -> RedisConnection:
        self.connection = await self._endpoint.open("")
        return self.connection


async def _while_it_closes(subscribed: Subscribed, work: Callable[[], Any], turns: int) -> None:
    """Begin to send, and close the connection after some turns of the loop."""
    task = asyncio.get_running_loop().create_task(work())
    for _ in range(turns):
        await asyncio.sleep(0)
    subscribed.connection.close()
    async with asyncio.timeout(60):
        await task


@pytest.mark.parametrize("turns", range(4))
async def test_a_connection_may_close_while_something_is_sent(redis_server: Any, turns: int) -> None:
    subscribed = Subscribed(RedisEndpoint(redis_server.url, None))
    subscription = subscribed.subscription
    running = asyncio.get_running_loop().create_task(subscription.run())
    received: list[bytes] = []
    try:
        async with asyncio.timeout(60):
            await subscription.subscribe(CHANNEL, received.append)
        await _while_it_closes(subscribed, lambda: subscription.unsubscribe(CHANNEL), turns)
        await _while_it_closes(subscribed, lambda: subscription.subscribe(OTHER, received.append), turns)
        assert not subscription.unused
    finally:
        await end(running)
