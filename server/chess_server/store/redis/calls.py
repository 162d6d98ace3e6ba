"""Calls to Redis for all that is hot: one connection a node, which every game, pool and timer shares.

A call names a key, and goes to the node that holds it. Its scripts are loaded when a connection is opened; one that
Redis has lost since is sent along. What a Redis Cluster has moved is followed once.
"""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from msgspec import Struct
from redis import exceptions

from chess_presence.connecting import REDIS_ERRORS
from chess_server.store.redis.connection import RedisConnection
from chess_server.store.redis.link import Link, Open
from chess_server.store.redis.replies import Word, node_in, packed
from chess_server.store.redis.scripts import scripts

ASKING = packed("ASKING")

_LOST = (exceptions.ConnectionError, exceptions.TimeoutError, exceptions.ClusterDownError)


class Topology(Protocol):
    """Which node holds a key, and all nodes that hold keys."""

    def of(self, key: str) -> str:
        """Return the node that holds a key. Raises UnavailableError."""

    async def primaries(self) -> list[str]:
        """Return the names of all primaries, always in the same order. Raises what redis-py raises."""

    def suspect(self) -> None:
        """Note that a node does not answer: it may have been replaced."""

    async def refresh(self) -> None:
        """Ask the cluster again which node holds what. Raises what redis-py raises."""


class Call(Struct, frozen=True):
    """A command or a script, and the key that says which node is asked."""

    key: str
    words: tuple[Word, ...]
    source: str = ""
    """A script's source, if Redis has lost it."""


def command(name: str, key: str, *words: Word) -> Call:
    """Return a call of a command on a key."""
    return Call(key, (name, key, *words))


def script(name: str, keys: Sequence[str], args: Sequence[Word]) -> Call:
    """Return a call of a script; all keys have the hash tag of the first."""
    found = scripts()[name]
    return Call(keys[0], ("EVALSHA", found.digest, len(keys), *keys, *args), found.source)


class Calls:
    """Calls raise what redis-py raises; SaturatedError if too many wait, UnavailableError if no node has the key."""

    def __init__(self, topology: Topology, open_connection: Open) -> None:
        self.topology = topology
        self._open_connection = open_connection
        self._links: dict[str, Link] = {}
        self.on_demoted: Callable[[], None] = lambda: None
        """Called when a node is a replica now: everything that is connected to it must leave it."""

    async def one(self, call: Call) -> Any:
        """Make a call; return its reply."""
        link = self._link(self.topology.of(call.key))
        connection = link.opened or await link.ready()
        reply = await connection.call(packed(*call.words))
        return await self._again(call, connection, reply) if isinstance(reply, Exception) else reply

    async def many(self, calls: Sequence[Call]) -> list[Any]:
        """Make calls in one write to each node; return the replies in order."""
        nodes = [self.topology.of(call.key) for call in calls]
        ready = {node: await self._link(node).ready() for node in dict.fromkeys(nodes)}
        asked = [ready[node].call(packed(*call.words)) for node, call in zip(nodes, calls, strict=True)]
        replies = [await reply for reply in asked]
        return [
            await self._again(call, ready[node], reply) if isinstance(reply, Exception) else reply
            for node, call, reply in zip(nodes, calls, replies, strict=True)
        ]

    async def at(self, node: str, *commands: tuple[Word, ...]) -> list[Any]:
        """Make calls of commands at a node, in one write."""
        connection = await self._link(node).ready()
        asked = [connection.call(packed(*words)) for words in commands]
        replies = [await reply for reply in asked]
        for reply in replies:
            if isinstance(reply, Exception):
                self._note(connection, reply)
                raise reply
        return replies

    def demoted(self, node: str) -> None:
        """Leave a node that is a replica now: the next connection asks DNS again."""
        self._link(node).drop()
        self.on_demoted()

    async def close(self) -> None:
        """Close all connections."""
        links, self._links = self._links, {}
        for link in links.values():
            await link.close()

    async def close_others(self, nodes: Sequence[str]) -> None:
        """Close connections to nodes that have left the cluster."""
        for node in [node for node in self._links if node not in nodes]:
            await self._links.pop(node).close()

    def _link(self, node: str) -> Link:
        link = self._links.get(node)
        if link is None:
            link = self._links[node] = Link(node, self._open)
        return link

    async def _open(self, node: str) -> RedisConnection:
        try:
            return await self._open_connection(node)
        except REDIS_ERRORS:
            self.topology.suspect()
            raise

    async def _again(self, call: Call, connection: RedisConnection, error: Exception) -> Any:
        """Make a call again that was not carried out, where or how the error says; raise any other error."""
        self._note(connection, error)
        if isinstance(error, exceptions.NoScriptError) and call.source:
            return _checked(await connection.call(packed("EVAL", call.source, *call.words[2:])))
        if not isinstance(error, exceptions.AskError):
            raise error
        if isinstance(error, exceptions.MovedError):
            await self.topology.refresh()
        other = await self._link(node_in(error, connection.name)).ready()
        if not isinstance(error, exceptions.MovedError):
            other.call(ASKING)  # allows the next call, which is sent with it
        return _checked(await other.call(packed(*call.words)))

    def _renew(self, connection: RedisConnection) -> None:
        for link in self._links.values():
            if link.connection is connection:
                link.renew()

    def _note(self, connection: RedisConnection, error: Exception) -> None:
        """Draw conclusions from an error for the calls to come."""
        if isinstance(error, exceptions.ReadOnlyError):
            connection.close()
            self.on_demoted()
        elif isinstance(error, exceptions.AuthenticationError):
            connection.close(
                error
            )  # whoever is not authenticated can do nothing; the next one reads the credentials
        elif isinstance(error, exceptions.NoPermissionError):
            self._renew(connection)  # perhaps the credentials have changed; all else goes on
        elif isinstance(error, _LOST):
            self.topology.suspect()


def _checked(reply: Any) -> Any:
    if isinstance(reply, Exception):
        raise reply
    return reply
