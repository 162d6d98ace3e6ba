"""Redis by URL: one server, or a Redis Cluster where the URL says `?cluster=true`.

A cluster's client is another class with the same calls. Which one it must be is said and not found out: a client is
made before Redis can be asked, and must not depend on whether Redis answers just then.
"""

from typing import Any, cast
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from redis.asyncio import Redis
from redis.asyncio.cluster import RedisCluster
from redis.exceptions import RedisClusterException, RedisError

SCHEMES = ("redis", "rediss")
ALLOWED = "redis://[USER:PASSWORD@]HOST:PORT/DB, rediss:// with TLS, ?cluster=true for a Redis Cluster"
MEMBER = "cluster"
TRUE = "true"

REDIS_ERRORS = (RedisError, RedisClusterException, OSError, TimeoutError)
"""Whatever a call to Redis may end in. redis-py's own cluster faults are not all RedisErrors."""


class UrlError(ValueError):
    """A URL that cannot be used. The message does not repeat it: it may hold a password."""


def is_cluster(url: str) -> bool:
    """Whether a URL names a Redis Cluster; raises UrlError for one that cannot be used."""
    parts = urlsplit(url)
    try:
        whole = parts.scheme in SCHEMES and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        whole = False
    if not whole:
        raise UrlError(f"not a Redis URL; allowed: {ALLOWED}")
    said = dict(parse_qsl(parts.query, keep_blank_values=True)).get(MEMBER)
    if said not in (None, TRUE, "false"):
        raise UrlError(f"cluster is {said!r}; allowed: true, false")
    if said == TRUE and parts.path.strip("/") not in ("", "0"):
        raise UrlError(f"the database is {parts.path.strip('/')!r}; allowed with cluster=true: 0")
    return said == TRUE


def plain(url: str) -> str:
    """Return the URL as redis-py takes it."""
    parts = urlsplit(url)
    query = [(name, value) for name, value in parse_qsl(parts.query) if name != MEMBER]
    return urlunsplit(parts._replace(query=urlencode(query)))


def client(url: str, **options: Any) -> Redis:
    """Make a client, which connects when it is first used; `options` are redis-py's. Raises UrlError."""
    if not is_cluster(url):
        return Redis.from_url(plain(url), **options)
    return cast("Redis", RedisCluster.from_url(plain(url), **options))
