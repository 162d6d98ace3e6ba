"""Connections to Redis, one server or a Redis Cluster: time limits everywhere, bounded pools, checked certificates.

`check` runs once, before the first client: a mode that the URL does not name, or a version without sharded channels, is
refused in one line instead of failing call by call.
"""

from typing import Any, cast

from redis.asyncio import BlockingConnectionPool, Connection, Redis, SSLConnection
from redis.asyncio.cluster import RedisCluster
from redis.asyncio.connection import parse_url
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from chess_presence.connecting import UrlError, is_cluster, plain
from chess_server.store.errors import UnusableRedisError
from chess_server.store.health import Nodes
from chess_server.store.redis.nodes import ManyNodes, OneNode

TIMEOUT_SECONDS = 2.0
MOST_CONNECTIONS = 16
MOST_CONNECTIONS_A_NODE = 256
"""Where the pool of a single server waits, a cluster's client raises; so this limit is above any burst."""
OLDEST = 7


class RedisEndpoint:
    """How to reach Redis. Raises UnusableRedisError for a URL that cannot be used."""

    def __init__(self, url: str, ca_file: str | None) -> None:
        try:
            self.clustered = is_cluster(url)
            given: dict[str, Any] = dict(parse_url(plain(url)))
        except UrlError as error:
            raise UnusableRedisError(str(error)) from None
        except ValueError:
            raise UnusableRedisError(
                "the URL's query or path has a value that redis-py does not accept"
            ) from None
        self._tls = given.pop("connection_class", None) is SSLConnection
        if self._tls and ca_file:
            given["ssl_ca_certs"] = ca_file
        self._options: dict[str, Any] = {
            **given,
            "protocol": 2,
            "socket_timeout": TIMEOUT_SECONDS,
            "socket_connect_timeout": TIMEOUT_SECONDS,
            "socket_keepalive": True,
            "retry": Retry(NoBackoff(), 0),
        }

    def client(self) -> Redis:
        """Make the client; it connects when it is first used."""
        if self.clustered:
            options = {name: value for name, value in self._options.items() if name != "db"}
            cluster = RedisCluster(**options, ssl=self._tls, max_connections=MOST_CONNECTIONS_A_NODE)
            return cast("Redis", cluster)  # the same calls
        pool = BlockingConnectionPool(
            connection_class=self._kind,
            max_connections=MOST_CONNECTIONS,
            timeout=TIMEOUT_SECONDS,
            **self._options,
        )
        return Redis.from_pool(pool)  # which is closed with it

    def nodes(self, client: Redis) -> Nodes:
        """Make what finds the node of a key."""
        return ManyNodes(cast("Any", client)) if self.clustered else OneNode(client)

    def connect(self, node: str) -> Connection:
        """Make a single connection to a node, for subscriptions."""
        options = dict(self._options)
        if node:
            host, _, port = node.rpartition(":")
            options |= {"host": host, "port": int(port)}
        return self._kind(**options)

    async def check(self) -> None:
        """Check Redis' version and mode. Raises UnusableRedisError, or what redis-py raises."""
        client = Redis(connection_pool=BlockingConnectionPool(connection_class=self._kind, **self._options))
        try:
            server, cluster = await client.info("server"), await client.info("cluster")
        finally:
            await client.connection_pool.disconnect()
        version = str(server.get("redis_version", "unknown"))
        if version.partition(".")[0].isdigit() and int(version.partition(".")[0]) < OLDEST:
            raise UnusableRedisError(f"this Redis is {version}; allowed: {OLDEST}.0 or later")
        if bool(cluster.get("cluster_enabled")) != self.clustered:
            raise UnusableRedisError(_MISMATCH[self.clustered])

    @property
    def _kind(self) -> type[Connection]:
        return SSLConnection if self._tls else Connection


_MISMATCH = {
    False: "is a Redis Cluster; add ?cluster=true to the URL",
    True: "is not a Redis Cluster; remove cluster=true from the URL",
}
