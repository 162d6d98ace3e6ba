"""Redis' protocol (RESP2), without a socket: commands to bytes, and bytes to replies. hiredis does both, in C. Pure.

An error is a reply too: it is returned as an exception, one of redis-py's, so that both ways to Redis fail alike.
"""

import hiredis
from redis import exceptions

Word = str | bytes | int | float

NOTHING = False
"""What a parser returns when it needs more bytes. RESP2 has no false."""

_UNKNOWN_TO_REDIS = "ERR AUTH <password> called without any password"

_ERRORS: dict[str, type[exceptions.RedisError]] = {
    "ASK": exceptions.AskError,
    "CLUSTERDOWN": exceptions.ClusterDownError,
    "LOADING": exceptions.BusyLoadingError,
    "MASTERDOWN": exceptions.MasterDownError,
    "MOVED": exceptions.MovedError,
    "NOAUTH": exceptions.AuthenticationError,
    "NOPERM": exceptions.NoPermissionError,
    "NOSCRIPT": exceptions.NoScriptError,
    "OOM": exceptions.OutOfMemoryError,
    "READONLY": exceptions.ReadOnlyError,
    "TRYAGAIN": exceptions.TryAgainError,
    "WRONGPASS": exceptions.AuthenticationError,
}


def packed(*words: Word) -> bytes:
    """Return a command as it is sent."""
    command: bytes = hiredis.pack_command(words)  # type: ignore[arg-type]  # its stub has a tuple of one word
    return command


def parser() -> hiredis.Reader:
    """Make a parser: `feed` it bytes, then ask it with `gets` until it returns NOTHING."""
    return hiredis.Reader(replyError=error_of)


def error_of(message: str) -> exceptions.RedisError:
    """Return the exception for an error reply."""
    code, _, rest = message.partition(" ")
    if code in ("MOVED", "ASK"):
        try:
            return _ERRORS[code](rest)
        except ValueError:  # no slot, or no address
            return exceptions.ResponseError(message)
    if message.startswith(_UNKNOWN_TO_REDIS):
        return exceptions.AuthenticationError(message)
    return _ERRORS.get(code, exceptions.ResponseError)(message)


def node_in(error: exceptions.AskError, answered_by: str) -> str:
    """Return the node that a MOVED or ASK names. Without a host it is at that of the node which answered."""
    host = error.host or answered_by.rpartition(":")[0]
    return f"{host}:{error.port}"
