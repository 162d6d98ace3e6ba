"""How Redis is reached, one server or a Redis Cluster: time limits, checked certificates, credentials as they are now.

`check` runs once, before the first call: a mode that the URL does not name, or a version without sharded channels, is
refused in one line instead of failing call by call. What is not hot (heartbeats, a cluster's topology) has a client of
redis-py.
"""

import asyncio
import re
import ssl
from typing import Any, cast

from redis.asyncio import BlockingConnectionPool, Connection, Redis, SSLConnection
from redis.asyncio.cluster import RedisCluster
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

from chess_presence.connecting import UrlError, parse
from chess_server.store.errors import UnusableRedisError
from chess_server.store.redis.calls import Topology
from chess_server.store.redis.connection import RedisConnection
from chess_server.store.redis.credentials import FileCredentials
from chess_server.store.redis.nodes import ManyNodes, OneNode
from chess_server.store.redis.replies import packed
from chess_server.store.redis.scripts import scripts

TIMEOUT_SECONDS = 2.0
MOST_CONNECTIONS = 16
MOST_CONNECTIONS_A_NODE = 256
"""Where the pool of a single server waits, a cluster's client raises; so this limit is above any burst."""
OLDEST = 7


class RedisEndpoint:
    """How to reach Redis. `url_file` holds the URL, and is read again for each connection's credentials.

    Raises UnusableRedisError for a URL that cannot be used.
    """

    def __init__(self, url: str, ca_file: str | None, url_file: str | None = None) -> None:
        try:
            self._url = parse(url)
        except UrlError as error:
            raise UnusableRedisError(str(error)) from None
        self._ca_file = ca_file
        self._credentials = FileCredentials(url, url_file)
        self._leaving: asyncio.Task[None] | None = None
        self.clustered = self._url.cluster

    def client(self) -> Redis:
        """Make a client of redis-py; it connects when it is first used."""
        tls: dict[str, Any] = {}
        if self._url.tls:
            tls["ssl_cert_reqs"] = "required" if self._url.verified else "none"
            tls["ssl_ca_certs"] = self._ca_file
        options = {
            **tls,
            "host": self._url.host,
            "port": self._url.port,
            "credential_provider": self._credentials,
            "protocol": 2,
            "socket_timeout": TIMEOUT_SECONDS,
            "socket_connect_timeout": TIMEOUT_SECONDS,
            "socket_keepalive": True,
            "retry": Retry(NoBackoff(), 0),
        }
        if self.clustered:
            cluster = RedisCluster(**options, ssl=self._url.tls, max_connections=MOST_CONNECTIONS_A_NODE)
            return cast("Redis", cluster)  # the same calls
        pool = BlockingConnectionPool(
            connection_class=SSLConnection if self._url.tls else Connection,
            max_connections=MOST_CONNECTIONS,
            timeout=TIMEOUT_SECONDS,
            db=self._url.database,
            **options,
        )
        return Redis.from_pool(pool)  # which is closed with it

    def reconnect(self, client: Redis) -> None:
        """Make a client of redis-py leave its connections. A cluster's client follows what its nodes say by itself."""
        if not self.clustered:
            self._leaving = asyncio.get_running_loop().create_task(client.connection_pool.disconnect())

    def topology(self, client: Redis) -> Topology:
        """Make what finds the node of a key."""
        return ManyNodes(cast("Any", client)) if self.clustered else OneNode()

    async def open(self, node: str) -> RedisConnection:
        """Open a connection to a node: authenticated, in its database, scripts loaded. Raises what redis-py raises."""
        host, port = self._url.host, self._url.port
        if node:
            host, _, named = node.rpartition(":")
            port = int(named)
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                connection = await self._connect(host, port)
                try:
                    await self._introduce(connection)
                except BaseException:
                    connection.close()
                    raise
        except TimeoutError:
            raise RedisTimeoutError(f"{host}:{port} has not answered for {TIMEOUT_SECONDS:g} s") from None
        except OSError as error:  # no such name, refused, another authority's certificate
            raise RedisConnectionError(f"{host}:{port}: {error.strerror or error}") from error
        return connection

    async def check(self) -> None:
        """Check Redis' version and mode. Raises UnusableRedisError, or what redis-py raises."""
        connection = await self.open("")
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                info = await connection.call(packed("INFO"))
        finally:
            connection.close()
        if isinstance(info, Exception):
            raise info
        version = _field(info, b"redis_version", "unknown")
        if version.partition(".")[0].isdigit() and int(version.partition(".")[0]) < OLDEST:
            raise UnusableRedisError(f"this Redis is {version}; allowed: {OLDEST}.0 or later")
        if (_field(info, b"cluster_enabled", "0") == "1") != self.clustered:
            raise UnusableRedisError(_MISMATCH[self.clustered])

    async def _connect(self, host: str, port: int) -> RedisConnection:
        _, connection = await asyncio.get_running_loop().create_connection(
            lambda: RedisConnection(f"{host}:{port}", TIMEOUT_SECONDS), host, port, ssl=self._tls()
        )
        return connection

    async def _introduce(self, connection: RedisConnection) -> None:
        credentials = self._credentials.get_credentials()
        needed = [connection.call(packed("AUTH", *credentials))] if credentials else []
        if self._url.database:
            needed.append(connection.call(packed("SELECT", self._url.database)))
        # A user who may not load scripts sends each along when it is called.
        loaded = [connection.call(packed("SCRIPT", "LOAD", script.source)) for script in scripts().values()]
        for reply in [await one for one in needed]:
            if isinstance(reply, Exception):
                raise reply
        await loaded[-1]
        if connection.closed:
            raise connection.reason

    def _tls(self) -> ssl.SSLContext | None:
        if not self._url.tls:
            return None
        context = ssl.create_default_context(cafile=self._ca_file)
        if not self._url.verified:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        return context


def _field(info: bytes, name: bytes, missing: str) -> str:
    found = re.search(rb"^" + name + rb":(\S+)", info, re.MULTILINE)
    return found[1].decode() if found else missing


_MISMATCH = {
    False: "is a Redis Cluster; add ?cluster=true to the URL",
    True: "is not a Redis Cluster; remove cluster=true from the URL",
}
