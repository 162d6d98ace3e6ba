"""Which error is whose fault: what hits every game stops clocks, what players can cause or one game has does not."""

import psycopg
import pytest
from psycopg import errors as states
from psycopg_pool import PoolTimeout, TooManyRequests
from redis import exceptions as redis_errors

from chess_server.store.classification import MOST_WORDS, from_postgresql, from_redis
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

REFUSED = 'connection failed: connection to server at "127.0.0.1", port 5432 failed: '


@pytest.mark.parametrize(
    "error, kind",
    [
        (states.ReadOnlySqlTransaction("cannot execute INSERT"), ReadOnlyError),
        (states.DiskFull("no space left"), ReadOnlyError),
        (psycopg.OperationalError(f"{REFUSED}session is read-only"), ReadOnlyError),
        (psycopg.OperationalError(f"{REFUSED}FATAL:  the database system is in hot standby"), ReadOnlyError),
        (states.InvalidPassword("no"), AuthenticationError),
        (states.InsufficientPrivilege("permission denied for table moves"), AuthenticationError),
        (
            psycopg.OperationalError(f'{REFUSED}FATAL:  password authentication failed for user "chess"'),
            AuthenticationError,
        ),
        (psycopg.OperationalError(f"{REFUSED}fe_sendauth: no password supplied"), AuthenticationError),
        (
            psycopg.OperationalError(f'{REFUSED}FATAL:  no pg_hba.conf entry for host "x"'),
            AuthenticationError,
        ),
        (psycopg.OperationalError(f'{REFUSED}FATAL:  role "chess" does not exist'), AuthenticationError),
        (states.TooManyConnections("sorry"), SaturatedError),
        (psycopg.OperationalError(f"{REFUSED}FATAL:  sorry, too many clients already"), SaturatedError),
        (
            psycopg.OperationalError(f"{REFUSED}FATAL:  remaining connection slots are reserved for …"),
            SaturatedError,
        ),
        (PoolTimeout("couldn't get a connection after 3.00 sec"), SaturatedError),
        (TooManyRequests("the pool has already 1000 requests waiting"), SaturatedError),
        (states.DeadlockDetected("deadlock detected"), SaturatedError),
        (states.SerializationFailure("could not serialize"), SaturatedError),
        (states.LockNotAvailable("canceling statement due to lock timeout"), LateError),
        (states.UniqueViolation("duplicate key"), RefusedRowError),
        (states.ForeignKeyViolation("moves_game_id_fkey"), RefusedRowError),
        (states.NumericValueOutOfRange("integer out of range"), RefusedRowError),
        (states.RaiseException("a trigger's objection"), RefusedRowError),
        (psycopg.DataError("PostgreSQL text fields cannot contain NUL (0x00) bytes"), RefusedRowError),
        (states.DataCorrupted("invalid page in block 7"), CorruptError),
        (states.QueryCanceled("canceling statement due to statement timeout"), LateError),
        (states.AdminShutdown("terminating connection"), UnreachableError),
        (states.UndefinedTable('relation "games" does not exist'), UnreachableError),
        (psycopg.OperationalError("server closed the connection unexpectedly"), UnreachableError),
        (psycopg.OperationalError(f"{REFUSED}Connection refused"), UnreachableError),
        (TimeoutError(), UnreachableError),
        (ConnectionResetError("reset by peer"), UnreachableError),
    ],
)
def test_postgresql(error: BaseException, kind: type[Exception]) -> None:
    assert type(from_postgresql(error)) is kind


@pytest.mark.parametrize(
    "error, kind",
    [
        (redis_errors.ReadOnlyError("You can't write against a read only replica."), ReadOnlyError),
        (redis_errors.ResponseError("NOREPLICAS Not enough good replicas to write."), ReadOnlyError),
        (redis_errors.ResponseError("MISCONF Redis is configured to save RDB snapshots"), ReadOnlyError),
        (redis_errors.AuthenticationError("invalid username-password pair"), AuthenticationError),
        (redis_errors.AuthenticationError("Authentication required."), AuthenticationError),
        (redis_errors.NoPermissionError("this user has no permissions to run"), AuthenticationError),
        (redis_errors.ResponseError("WRONGPASS invalid username-password pair"), AuthenticationError),
        (redis_errors.MaxConnectionsError("Too many connections"), SaturatedError),
        (redis_errors.ConnectionError("max number of clients reached"), SaturatedError),
        (redis_errors.OutOfMemoryError("command not allowed when used memory > 'maxmemory'"), ReadOnlyError),
        (redis_errors.ResponseError("WRONGTYPE Operation against a key holding"), UnavailableError),
        (redis_errors.ResponseError("ERR user_script:7: attempt to index a nil value"), UnavailableError),
        (redis_errors.ResponseError("ERR max number of clients reached"), SaturatedError),
        (redis_errors.ResponseError("UNKILLABLE Sorry the script already executed"), UnreachableError),
        (redis_errors.TimeoutError("Timeout reading from socket"), UnreachableError),
        (redis_errors.BusyLoadingError("Redis is loading the dataset in memory"), UnreachableError),
        (redis_errors.ClusterDownError("The cluster is down"), UnreachableError),
        (ConnectionRefusedError("refused"), UnreachableError),
    ],
)
def test_redis(error: BaseException, kind: type[UnavailableError]) -> None:
    assert type(from_redis(error)) is kind


def test_clocks_stop_for_what_no_player_can_cause() -> None:
    kinds = (UnreachableError, ReadOnlyError, AuthenticationError, SaturatedError, LateError)
    assert [kind.stops_clocks for kind in kinds] == [True, True, True, False, False]
    assert not issubclass(BrokenGameError, UnavailableError)


def test_an_errors_words_are_one_short_line() -> None:
    error = from_postgresql(psycopg.OperationalError("first line\nsecond line"))
    assert str(error) == "postgresql: first line"
    assert len(from_redis(OSError("x" * 5000)).detail) == MOST_WORDS
