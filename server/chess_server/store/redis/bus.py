"""Redis pub/sub: one callback per channel, over one connection to each node that holds a subscribed channel.

The node that holds a channel's slot publishes it. In a cluster, slots move and primaries change, so `run` checks every
second that each channel is subscribed at the node that publishes it.
"""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from chess_presence.cancelling import end
from chess_server.store.errors import UnavailableError
from chess_server.store.redis.connection import RedisConnection
from chess_server.store.redis.subscription import Listener, NodeSubscription
from chess_server.supervisor import Progress

log = structlog.get_logger(__name__)

CHECK_SECONDS = 1.0


class Bus:
    """The subscriptions of this server. `node_of` returns the node of a channel, `connect` connects to a node."""

    def __init__(
        self, node_of: Callable[[str], str], connect: Callable[[str], Awaitable[RedisConnection]]
    ) -> None:
        self._node_of = node_of
        self._connect = connect
        self._listeners: dict[str, Listener] = {}
        self._nodes: dict[str, str] = {}
        self._subscriptions: dict[str, NodeSubscription] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self.on_resubscribed: Callable[[], None] = lambda: None
        """Called when all channels of a node are subscribed again: messages may have been missed."""

    async def subscribe(self, channel: str, listener: Listener) -> None:
        """Subscribe to a channel; returns when Redis has confirmed it. Raises UnavailableError."""
        node = self._nodes.get(channel) or self._node_of(channel)
        self._listeners[channel] = listener
        self._nodes[channel] = node
        await self._subscription(node).subscribe(channel, listener)

    async def unsubscribe(self, channel: str) -> None:
        """Unsubscribe from a channel."""
        self._listeners.pop(channel, None)
        node = self._nodes.pop(channel, None)
        if node is not None:
            await self._subscriptions[node].unsubscribe(channel)

    def subscribed(self, channel: str) -> bool:
        """Whether a channel is subscribed now, at the node that publishes it."""
        node = self._nodes.get(channel)
        if node is None or node != self._now_at(channel, node):
            return False
        return self._subscriptions[node].subscribed(channel)

    async def run(self, progress: Progress) -> None:
        """Follow the channels to their nodes until cancelled."""
        while True:
            progress()
            await asyncio.sleep(CHECK_SECONDS)
            await self._follow(progress)

    def reconnect(self) -> None:
        """Leave all connections for others: a node has become a replica."""
        for subscription in self._subscriptions.values():
            subscription.reconnect()

    async def stop(self) -> None:
        """Close all connections."""
        await end(*self._tasks.values())

    def _subscription(self, node: str) -> NodeSubscription:
        subscription = self._subscriptions.get(node)
        if subscription is None:
            subscription = self._subscriptions[node] = NodeSubscription(
                connect=lambda: self._connect(node),
                on_resubscribed=lambda: self.on_resubscribed(),  # noqa: PLW0108 - set later
            )
            self._tasks[node] = asyncio.get_running_loop().create_task(subscription.run())
        return subscription

    async def _follow(self, progress: Progress) -> None:
        moved = [channel for channel, node in self._nodes.items() if self._now_at(channel, node) != node]
        for channel in moved:
            progress()  # each may take as long as a node is out of reach
            node = self._nodes.get(channel)
            if node is None:
                continue
            self._nodes[channel] = self._now_at(channel, node)
            await self._subscriptions[node].unsubscribe(channel)
            await self._resume(channel)
        if moved:
            log.info("channels moved to other nodes", channels=len(moved))
            self.on_resubscribed()
        if len(self._subscriptions) > 1:
            await self._close_unused()

    async def _resume(self, channel: str) -> None:
        listener, node = self._listeners.get(channel), self._nodes.get(channel)
        if listener is not None and node is not None:
            subscription = self._subscription(node)
            try:
                async with asyncio.timeout(CHECK_SECONDS):
                    await subscription.subscribe(channel, listener)
            except TimeoutError:
                log.debug("postponed", channel=channel)  # subscribed as soon as the connection is up

    def _now_at(self, channel: str, node: str) -> str:
        try:
            return self._node_of(channel)
        except UnavailableError:
            return node

    async def _close_unused(self) -> None:
        """Close connections without a subscription, such as one to a node that has left."""
        unused = [node for node, subscription in self._subscriptions.items() if subscription.unused]
        for node in unused:
            del self._subscriptions[node]
            await end(self._tasks.pop(node))
