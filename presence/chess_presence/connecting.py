"""Redis by URL: one server, or a Redis Cluster if the URL has `?cluster=true`.

A cluster's client is another class with the same calls. The URL says which one to make: a client is made before Redis
answers, and must not depend on it. `OPTIONS` lists the options that a URL may have; server and operator refuse all
others in one line, instead of passing them to a client library that may not know them.
"""

from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import parse_qsl, unquote, urlsplit

from redis.asyncio import Redis
from redis.asyncio.cluster import RedisCluster
from redis.exceptions import RedisClusterException, RedisError

SCHEMES = ("redis", "rediss")
ALLOWED = "redis://[USER:PASSWORD@]HOST:PORT/DB, rediss:// with TLS, ?cluster=true for a Redis Cluster"
PORT = 6379
HIGHEST_DATABASE = 2**31 - 1

OPTIONS = {
    "cluster": ("true", "false"),
    "ssl_cert_reqs": ("required", "none"),
}
"""Option of the URL → its values. `db` may stand there too, as a number."""

REDIS_ERRORS = (RedisError, RedisClusterException, OSError, TimeoutError)
"""Every error that a call to Redis may raise. Not all cluster errors of redis-py are RedisErrors."""


class UrlError(ValueError):
    """The URL cannot be used. The message does not repeat it, because it may hold a password."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RedisUrl:
    """What a URL says. Without a password nobody is authenticated; without a user it is the default user."""

    host: str
    port: int
    database: int
    user: str | None
    password: str | None
    tls: bool
    verified: bool
    """Whether the server's certificate and its name are checked; for `rediss://` alone."""
    cluster: bool

    @property
    def credentials(self) -> tuple[str, ...]:
        """The arguments of AUTH; none if there is nothing to say."""
        if self.user:
            return self.user, self.password or ""
        return (self.password,) if self.password else ()

    @property
    def options(self) -> dict[str, Any]:
        """The connection as redis-py's clients take it, without the database."""
        tls = {"ssl": True, "ssl_cert_reqs": "required" if self.verified else "none"} if self.tls else {}
        return {"host": self.host, "port": self.port, "username": self.user, "password": self.password, **tls}


def parse(url: str) -> RedisUrl:
    """Parse a URL. Raises UrlError."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port, parts = None, None, urlsplit("")
    if parts.scheme not in SCHEMES or not host or port == 0:
        raise UrlError(f"not a Redis URL; allowed: {ALLOWED}")
    asked = _options(parts.query)
    found = RedisUrl(
        host=unquote(host),
        port=port or PORT,
        database=_database(unquote(parts.path).strip("/"), asked.get("db")),
        user=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password) if parts.password else None,
        tls=parts.scheme == "rediss",
        verified=asked.get("ssl_cert_reqs") != "none",
        cluster=asked.get("cluster") == "true",
    )
    if found.cluster and found.database:
        raise UrlError(f"the database is '{found.database}'; allowed with cluster=true: 0")
    if "ssl_cert_reqs" in asked and not found.tls:
        raise UrlError("ssl_cert_reqs is given; allowed: with rediss:// only")
    return found


def is_cluster(url: str) -> bool:
    """Whether a URL names a Redis Cluster. Raises UrlError."""
    return parse(url).cluster


def client(url: str, **options: Any) -> Redis:
    """Make a client; it connects when it is first used. `options` are redis-py's. Raises UrlError."""
    found = parse(url)
    if found.cluster:
        return cast("Redis", RedisCluster(**{**found.options, **options}))
    return Redis(**{"db": found.database, **found.options, **options})


def _options(query: str) -> dict[str, str]:
    asked: dict[str, str] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        if name != "db" and name not in OPTIONS:
            raise UrlError(
                f"{_shown(name)} is not an option of the URL; allowed: {', '.join([*OPTIONS, 'db'])}"
            )
        if name in OPTIONS and value not in OPTIONS[name]:
            raise UrlError(f"{name} is {_shown(value)}; allowed: {', '.join(OPTIONS[name])}")
        if asked.setdefault(name, value) != value:
            raise UrlError(f"{name} is given twice, and differs")
    return asked


def _database(path: str, option: str | None) -> int:
    given = path or option or "0"
    if not (given.isascii() and given.isdigit() and int(given) <= HIGHEST_DATABASE):
        raise UrlError(f"the database is {_shown(given)}; allowed: a whole number, 0 or above")
    if path and option not in (None, path):
        raise UrlError("the database is given twice, and differs")
    return int(given)


def _shown(text: str) -> str:
    """Show a word of the URL, unless it is long: a password that was not escaped may have ended up in it."""
    return repr(text) if len(text) <= 24 and text.replace("_", "").isalnum() else "a word that is not shown"  # noqa: PLR2004 - options are short
