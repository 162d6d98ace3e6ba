"""Which of our errors one of psycopg's or redis-py's is. Pure; errors.py says what each means.

PostgreSQL says it by SQLSTATE (https://www.postgresql.org/docs/current/errcodes-appendix.html). A refused connection
has none: libpq keeps the server's message alone.
"""

import re

import psycopg
from psycopg_pool import PoolTimeout, TooManyRequests
from redis import exceptions as redis_errors

from chess_server.store.errors import (
    AuthenticationError,
    BrokenGameError,
    CorruptError,
    LateError,
    ReadOnlyError,
    RefusedRowError,
    SaturatedError,
    UnavailableError,
    UnreachableError,
)

MOST_WORDS = 200

SQLSTATES: tuple[tuple[str, type[Exception]], ...] = (
    ("25006", ReadOnlyError),
    ("53100", ReadOnlyError),  # the disk is full: no game can be stored, and no player caused it
    ("53", SaturatedError),
    ("40", SaturatedError),  # rolled back for another transaction's sake
    ("55P03", LateError),
    ("57014", LateError),
    ("28", AuthenticationError),
    ("42501", AuthenticationError),
    ("22", RefusedRowError),
    ("23", RefusedRowError),
    ("44", RefusedRowError),
    ("54", RefusedRowError),
    ("P0", RefusedRowError),  # a trigger's own objection
    ("XX001", CorruptError),
    ("XX002", CorruptError),
)
"""Beginning of an SQLSTATE → error; the first that fits counts. Everything else is as if nobody had answered."""

CONNECTION_REFUSALS: tuple[tuple[str, type[UnavailableError]], ...] = (
    (r"too many (clients|connections)|connection slots are reserved", SaturatedError),
    (r"read-only|hot standby", ReadOnlyError),
    (
        r"authentication failed|no password supplied|pg_hba\.conf|role .* (does not exist|not permitted)",
        AuthenticationError,
    ),
)
"""What PostgreSQL and libpq write when a connection is refused. Everything else: nobody answers."""

REDIS_CLASSES: tuple[tuple[type[Exception], type[UnavailableError]], ...] = (
    (redis_errors.MaxConnectionsError, SaturatedError),
    (redis_errors.OutOfMemoryError, ReadOnlyError),  # no game can go on, and no player fills a memory
    (redis_errors.TryAgainError, SaturatedError),
    (redis_errors.ReadOnlyError, ReadOnlyError),
    (redis_errors.AuthenticationError, AuthenticationError),
    (redis_errors.AuthenticationWrongNumberOfArgsError, AuthenticationError),
    (redis_errors.NoPermissionError, AuthenticationError),
)
"""redis-py's classes, which have the reply's first word cut off."""

REDIS_REPLIES: tuple[tuple[str, type[UnavailableError]], ...] = (
    (r"^(READONLY|NOREPLICAS|MISCONF|OOM)\b", ReadOnlyError),
    (
        r"^(WRONGPASS|NOAUTH|NOPERM)\b|invalid username-password|[Aa]uthentication required",
        AuthenticationError,
    ),
    (
        r"^TRYAGAIN\b|max number of clients|[Tt]oo many connections|No connection available",
        SaturatedError,
    ),
    (
        r"^(ERR|WRONGTYPE)\b",
        UnavailableError,
    ),  # Redis answers; what is wrong concerns this call, or one game's keys
)
"""How an error reply of Redis begins, or redis-py's words for it."""


def from_postgresql(error: BaseException, game_id: str = "") -> UnavailableError | BrokenGameError:
    """Return our error for one of psycopg's, its pool's or the system's. `game_id`: whose row it was, if known."""
    kind = _postgresql_kind(error)
    if issubclass(kind, BrokenGameError):
        return kind(game_id, words(error))
    assert issubclass(kind, UnavailableError)  # noqa: S101 - the tables hold no others
    return kind("postgresql", words(error))


def from_redis(error: BaseException) -> UnavailableError:
    """Return our error for one of redis-py's or the system's."""
    kind = next((kind for theirs, kind in REDIS_CLASSES if isinstance(error, theirs)), None)
    return (kind or _first(REDIS_REPLIES, str(error)))("redis", words(error))


def words(error: BaseException) -> str:
    """Return an error's first line, short enough for a log and a probe's answer."""
    lines = str(error).strip().splitlines()
    return (lines[0] if lines else type(error).__name__)[:MOST_WORDS]


def _postgresql_kind(error: BaseException) -> type[Exception]:
    if isinstance(error, PoolTimeout | TooManyRequests):
        return SaturatedError
    state = getattr(error, "sqlstate", None)
    if state is not None:
        return next((kind for start, kind in SQLSTATES if state.startswith(start)), UnreachableError)
    if isinstance(error, psycopg.DataError | psycopg.IntegrityError):
        return RefusedRowError  # psycopg refuses some values itself, such as a NUL in a text
    return _first(CONNECTION_REFUSALS, str(error))


def _first(table: tuple[tuple[str, type[UnavailableError]], ...], text: str) -> type[UnavailableError]:
    return next((kind for pattern, kind in table if re.search(pattern, text)), UnreachableError)
