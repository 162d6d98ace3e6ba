"""Connections to the stores: time limits everywhere, pools bounded, certificates checked."""

from collections.abc import Callable
from typing import Any

from redis.asyncio import BlockingConnectionPool, Connection, Redis, SSLConnection
from redis.asyncio.connection import parse_url
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from chess_server.settings import SettingsError

TIMEOUT_SECONDS = 2.0
MOST_CONNECTIONS = 16


def redis_options(url: str, ca_file: str | None) -> dict[str, Any]:
    """Say how to connect to Redis. Raises SettingsError."""
    try:
        given: dict[str, Any] = dict(parse_url(url))
    except ValueError:
        raise SettingsError(
            "CHESS_REDIS_URL_FILE does not hold a Redis URL; allowed: rediss://[user:password@]host:port[/db]"
        ) from None
    given.pop("connection_class", None)
    if url.startswith("rediss://") and ca_file:
        given["ssl_ca_certs"] = ca_file
    return {
        **given,
        "protocol": 2,
        "socket_timeout": TIMEOUT_SECONDS,
        "socket_connect_timeout": TIMEOUT_SECONDS,
        "socket_keepalive": True,
        "retry": Retry(NoBackoff(), 0),
    }


def redis_client(url: str, ca_file: str | None) -> Redis:
    """Make the client; it connects when it is first used."""
    pool = BlockingConnectionPool(
        connection_class=_kind(url),
        max_connections=MOST_CONNECTIONS,
        timeout=TIMEOUT_SECONDS,
        **redis_options(url, ca_file),
    )
    return Redis.from_pool(pool)  # which is closed with it


def redis_connection(url: str, ca_file: str | None) -> Callable[[], Connection]:
    """Make single connections, for subscriptions."""
    kind, options = _kind(url), redis_options(url, ca_file)
    return lambda: kind(**options)


def _kind(url: str) -> type[Connection]:
    return SSLConnection if url.startswith("rediss://") else Connection
