"""Published news from Redis: a callback for each channel, over one line to each node that holds channels of ours.

A channel is held by the node that holds its slot. In a cluster slots move and primaries change, so it is looked at
again and again whether each channel is still listened to where it is published.
"""

import asyncio
from collections.abc import Callable

import structlog
from redis.asyncio import Connection

from chess_presence.cancelling import end
from chess_server.store.errors import UnavailableError
from chess_server.store.redis.subscription import Line, Listener

log = structlog.get_logger(__name__)

LOOK_SECONDS = 1.0


class Bus:
    """Subscriptions of this server. `node_of` names the node of a channel, `connect` connects to a node."""

    def __init__(self, node_of: Callable[[str], str], connect: Callable[[str], Connection]) -> None:
        self._node_of = node_of
        self._connect = connect
        self._listeners: dict[str, Listener] = {}
        self._where: dict[str, str] = {}
        self._lines: dict[str, Line] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self.on_again: Callable[[], None] = lambda: None
        """Called when everything of a line is subscribed again after a gap."""

    async def subscribe(self, channel: str, listener: Listener) -> None:
        """Listen to a channel; returns when Redis has confirmed it. Raises UnavailableError."""
        node = self._where.get(channel) or self._node_of(channel)
        self._listeners[channel] = listener
        self._where[channel] = node
        await self._line(node).subscribe(channel, listener)

    async def unsubscribe(self, channel: str) -> None:
        """Stop listening."""
        self._listeners.pop(channel, None)
        node = self._where.pop(channel, None)
        if node is not None:
            await self._lines[node].unsubscribe(channel)

    async def run(self) -> None:
        """Follow the channels to their nodes for ever."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            await self._follow()

    async def stop(self) -> None:
        """Hang up everywhere."""
        await end(*self._tasks.values())

    def _line(self, node: str) -> Line:
        line = self._lines.get(node)
        if line is None:
            line = self._lines[node] = Line(lambda: self._connect(node), lambda: self.on_again())  # noqa: PLW0108 - set later
            self._tasks[node] = asyncio.get_running_loop().create_task(line.run())
        return line

    async def _follow(self) -> None:
        moved = [channel for channel, node in self._where.items() if self._now_at(channel, node) != node]
        for channel in moved:
            node = self._where.get(channel)
            if node is None:
                continue
            self._where[channel] = self._now_at(channel, node)
            await self._lines[node].unsubscribe(channel)
            await self._resume(channel)
        if moved:
            log.info("channels followed to other nodes", channels=len(moved))
            self.on_again()
        await self._hang_up()

    async def _resume(self, channel: str) -> None:
        listener, node = self._listeners.get(channel), self._where.get(channel)
        if listener is not None and node is not None:
            line = self._line(node)
            try:
                async with asyncio.timeout(LOOK_SECONDS):
                    await line.subscribe(channel, listener)
            except TimeoutError:
                log.debug("put off", channel=channel)  # the line subscribes it as soon as it stands

    def _now_at(self, channel: str, node: str) -> str:
        try:
            return self._node_of(channel)
        except UnavailableError:
            return node

    async def _hang_up(self) -> None:
        """End the lines that nothing is heard by any more, such as one to a node that is gone."""
        for node in [node for node, line in self._lines.items() if line.unused and len(self._lines) > 1]:
            del self._lines[node]
            await end(self._tasks.pop(node))
