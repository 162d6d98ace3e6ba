"""Redis by URL: one server, or a Redis Cluster if the URL has `?cluster=true`.

A cluster's client is another class with the same calls. The URL says which one to make: a client is made before Redis
answers, and must not depend on it.
"""

from typing import Any, cast
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from redis.asyncio import Redis
from redis.asyncio.cluster import RedisCluster
from redis.exceptions import RedisClusterException, RedisError

SCHEMES = ("redis", "rediss")
ALLOWED = "redis://[USER:PASSWORD@]HOST:PORT/DB, rediss:// with TLS, ?cluster=true for a Redis Cluster"
PARAMETER = "cluster"
TRUE = "true"

REDIS_ERRORS = (RedisError, RedisClusterException, OSError, TimeoutError)
"""Every error that a call to Redis may raise. Not all cluster errors of redis-py are RedisErrors."""


class UrlError(ValueError):
    """The URL cannot be used. The message does not repeat it, because it may hold a password."""


def is_cluster(url: str) -> bool:
    """Whether a URL names a Redis Cluster. Raises UrlError."""
    parts = urlsplit(url)
    try:
        whole = parts.scheme in SCHEMES and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        whole = False
    if not whole:
        raise UrlError(f"not a Redis URL; allowed: {ALLOWED}")
    value = dict(parse_qsl(parts.query, keep_blank_values=True)).get(PARAMETER)
    if value not in (None, TRUE, "false"):
        raise UrlError(f"cluster is {value!r}; allowed: true, false")
    if value == TRUE and parts.path.strip("/") not in ("", "0"):
        raise UrlError(f"the database is {parts.path.strip('/')!r}; allowed with cluster=true: 0")
    return value == TRUE


def plain(url: str) -> str:
    """Return the URL without `cluster`, as redis-py takes it."""
    parts = urlsplit(url)
    query = [(name, value) for name, value in parse_qsl(parts.query) if name != PARAMETER]
    return urlunsplit(parts._replace(query=urlencode(query)))


def client(url: str, **options: Any) -> Redis:
    """Make a client; it connects when it is first used. `options` are redis-py's. Raises UrlError."""
    if not is_cluster(url):
        return Redis.from_url(plain(url), **options)
    return cast("Redis", RedisCluster.from_url(plain(url), **options))
