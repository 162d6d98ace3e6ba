"""One connection for many calls: replies meet their calls, whatever callers and network do."""

import asyncio
from typing import Any

import pytest
from redis import exceptions

from chess_server.store.errors import SaturatedError
from chess_server.store.redis import connection as module
from chess_server.store.redis.connection import RedisConnection
from chess_server.store.redis.replies import packed


class Wire:
    """Stands in for a socket: keeps each write."""

    def __init__(self) -> None:
        self.writes: list[bytes] = []
        self.aborted = False

    def write(self, data: bytes) -> None:
        self.writes.append(data)

    def abort(self) -> None:
        self.aborted = True

    def get_extra_info(self, _name: str) -> Any:
        return None


def _connected(call_seconds: float = 60.0) -> tuple[RedisConnection, Wire]:
    connection, wire = RedisConnection("redis:1", call_seconds), Wire()
    connection.connection_made(wire)
    return connection, wire


async def test_what_is_called_in_one_turn_leaves_in_one_write() -> None:
    connection, wire = _connected()
    calls = [connection.call(packed("GET", number)) for number in range(3)]
    await asyncio.sleep(0)
    assert wire.writes == [packed("GET", 0) + packed("GET", 1) + packed("GET", 2)]
    connection.data_received(b"$1\r\na\r\n$1\r\nb\r\n$1\r")
    assert [await calls[0], await calls[1]] == [b"a", b"b"]
    assert not calls[2].done()
    connection.data_received(b"\nc\r\n")
    assert await calls[2] == b"c"


async def test_the_reply_of_a_cancelled_call_meets_no_other() -> None:
    connection, _ = _connected()

    async def ask(word: str) -> Any:
        return await connection.call(packed("GET", word))

    tasks = [asyncio.create_task(ask(word)) for word in "abc"]
    await asyncio.sleep(0)
    tasks[1].cancel()
    await asyncio.sleep(0)
    connection.data_received(b"$1\r\na\r\n$1\r\nb\r\n$1\r\nc\r\n")
    found = await asyncio.gather(*tasks, return_exceptions=True)
    assert (found[0], found[2]) == (b"a", b"c")
    assert isinstance(found[1], asyncio.CancelledError)


async def test_an_error_is_the_result_of_its_call_alone() -> None:
    connection, _ = _connected()
    calls = [connection.call(packed("GET", word)) for word in "ab"]
    connection.data_received(b"-READONLY replica\r\n+OK\r\n")
    assert isinstance(await calls[0], exceptions.ReadOnlyError)
    assert await calls[1] == b"OK"


async def test_calls_that_wait_fail_when_the_connection_is_lost() -> None:
    connection, _ = _connected()
    calls = [connection.call(packed("GET", word)) for word in "ab"]
    connection.connection_lost(None)
    errors = [await call for call in calls]
    assert all(isinstance(error, exceptions.ConnectionError) for error in errors)
    assert errors[0] is not errors[1], "an exception that many raise collects their tracebacks"
    assert connection.closed
    assert connection.ended.done()
    with pytest.raises(exceptions.ConnectionError):
        connection.call(packed("GET", "c"))


async def test_a_call_without_a_reply_closes_the_connection() -> None:
    connection, wire = _connected(call_seconds=0.05)
    first = connection.call(packed("GET", "a"))
    connection.data_received(b"$1\r\na\r\n")
    assert await first == b"a"
    second = connection.call(packed("GET", "b"))
    async with asyncio.timeout(60):
        assert isinstance(await second, exceptions.TimeoutError)
    assert wire.aborted
    connection.data_received(b"$1\r\nb\r\n")  # too late, and dropped


async def test_a_connection_without_calls_is_not_closed() -> None:
    connection, wire = _connected(call_seconds=0.01)
    call = connection.call(packed("GET", "a"))
    connection.data_received(b"$1\r\na\r\n")
    await call
    await asyncio.sleep(0.3)  # longer than limit and grace
    assert not wire.aborted


async def test_a_reply_that_came_while_the_process_was_busy_is_in_time() -> None:
    connection, wire = _connected(call_seconds=0.01)
    call = connection.call(packed("GET", "a"))
    asyncio.get_running_loop().call_later(0.02, connection.data_received, b"$1\r\na\r\n")
    assert await call == b"a"
    assert not wire.aborted


async def test_too_many_calls_are_refused_and_the_others_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_CALLS", 2)
    connection, _ = _connected()
    calls = [connection.call(packed("GET", word)) for word in "ab"]
    with pytest.raises(SaturatedError):
        connection.call(packed("GET", "c"))
    connection.data_received(b"$1\r\na\r\n$1\r\nb\r\n")
    assert [await call for call in calls] == [b"a", b"b"]


@pytest.mark.parametrize(
    "sent, kind",
    [
        (b"?nonsense\r\n", exceptions.ConnectionError),
        (b"-ERR max number of clients reached\r\n", exceptions.ResponseError),
        (b"+OK\r\n", exceptions.ConnectionError),
    ],
    ids=["no protocol", "an error that nobody asked for", "a reply that nobody asked for"],
)
async def test_a_server_that_says_what_it_should_not_is_left(sent: bytes, kind: type[Exception]) -> None:
    connection, wire = _connected()
    connection.data_received(sent)
    assert wire.aborted
    assert isinstance(connection.reason, kind)
