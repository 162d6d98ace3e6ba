"""Where a call goes, and what is done when a node says that it should have gone elsewhere."""

import asyncio

import pytest
from polling import eventually
from redis import exceptions

from chess_server.store.redis.calls import Call, Calls, command, script
from chess_server.store.redis.connection import RedisConnection
from chess_server.store.redis.link import Link
from chess_server.store.redis.replies import packed
from chess_server.store.redis.scripts import scripts

GET = command("GET", "key")
ONE, OTHER = "10.0.0.1:1", "10.0.0.2:2"
DIGEST = scripts()["claim"].digest


class Node:
    """A Redis that answers from a list; `asked` is what it was sent, one entry a write."""

    def __init__(self) -> None:
        self.answers: list[bytes] = []
        self.asked: list[bytes] = []
        self.connection: RedisConnection | None = None

    def write(self, data: bytes) -> None:
        self.asked.append(data)
        answers, self.answers = b"".join(self.answers), []
        assert self.connection is not None
        asyncio.get_running_loop().call_soon(self.connection.data_received, answers)

    def abort(self) -> None:
        """Do nothing: the connection itself says that it is closed."""

    def get_extra_info(self, _name: str) -> None:
        return None


class World:
    """Two nodes, of which `holder` has every key."""

    def __init__(self) -> None:
        self.nodes = {ONE: Node(), OTHER: Node()}
        self.holder = ONE
        self.events: list[str] = []
        self.opened: list[str] = []
        self.failing = False
        self.calls = Calls(self, self.open)
        self.calls.on_demoted = lambda: self.events.append("demoted")

    def of(self, _key: str) -> str:
        return self.holder

    async def primaries(self) -> list[str]:
        return list(self.nodes)

    def suspect(self) -> None:
        self.events.append("suspect")

    async def refresh(self) -> None:
        self.events.append("refresh")

    async def open(self, node: str) -> RedisConnection:
        self.opened.append(node)
        await asyncio.sleep(0)
        if self.failing:
            raise exceptions.ConnectionError("refused")
        connection = self.nodes[node].connection = RedisConnection(node)
        connection.connection_made(self.nodes[node])
        return connection


@pytest.fixture
async def world() -> World:
    return World()


def _claim(bucket: str) -> Call:
    return script("claim", [bucket], [1, 2])


async def test_many_calls_leave_in_one_write(world: World) -> None:
    world.nodes[ONE].answers = [b"*0\r\n", b"$1\r\na\r\n"]
    assert await world.calls.many([_claim("a"), GET]) == [[], b"a"]
    [written] = world.nodes[ONE].asked
    assert written == packed("EVALSHA", DIGEST, 1, "a", 1, 2) + packed("GET", "key")


async def test_calls_of_many_callers_leave_in_one_write(world: World) -> None:
    world.nodes[ONE].answers = [b"$1\r\na\r\n"]
    await world.calls.one(GET)
    world.nodes[ONE].answers = [b"$1\r\nb\r\n"] * 50
    assert await asyncio.gather(*(world.calls.one(GET) for _ in range(50))) == [b"b"] * 50
    assert world.nodes[ONE].asked[1:] == [packed("GET", "key") * 50]
    assert world.opened == [ONE]


async def test_callers_that_come_together_open_one_connection(world: World) -> None:
    tasks = [asyncio.create_task(world.calls.one(GET)) for _ in range(20)]
    await asyncio.sleep(0)
    tasks[0].cancel()
    world.nodes[ONE].answers = [b"$1\r\na\r\n"] * 19
    assert await asyncio.gather(*tasks[1:]) == [b"a"] * 19
    assert world.opened == [ONE]


async def test_a_slot_that_has_moved_is_followed_once(world: World) -> None:
    world.nodes[ONE].answers = [f"-MOVED 7 {OTHER}\r\n".encode()]
    world.nodes[OTHER].answers = [b"$1\r\na\r\n"]
    assert await world.calls.one(GET) == b"a"
    assert world.events == ["refresh"]
    world.nodes[ONE].answers = [f"-MOVED 7 {OTHER}\r\n".encode()]
    world.nodes[OTHER].answers = [f"-MOVED 7 {ONE}\r\n".encode()]
    with pytest.raises(exceptions.MovedError):
        await world.calls.one(GET)


async def test_a_slot_that_is_moving_is_asked_for_with_permission(world: World) -> None:
    world.nodes[ONE].answers = [f"-ASK 7 {OTHER}\r\n".encode()]
    world.nodes[OTHER].answers = [b"+OK\r\n", b"$1\r\na\r\n"]
    assert await world.calls.one(GET) == b"a"
    assert world.nodes[OTHER].asked == [packed("ASKING") + packed("GET", "key")]
    assert world.events == []


async def test_a_script_that_is_not_loaded_is_sent_along(world: World) -> None:
    world.nodes[ONE].answers = [b"-NOSCRIPT No matching script.\r\n"]
    task = asyncio.create_task(world.calls.one(_claim("a")))
    await eventually(lambda: world.nodes[ONE].asked, "the call is sent", every=0)
    world.nodes[ONE].answers = [b"*0\r\n"]
    assert await task == []
    assert world.nodes[ONE].asked[1] == packed("EVAL", scripts()["claim"].source, 1, "a", 1, 2)


@pytest.mark.parametrize(
    "answer, kind, event, again",
    [
        (b"-READONLY replica\r\n", exceptions.ReadOnlyError, ["demoted"], True),
        (b"-NOPERM no\r\n", exceptions.NoPermissionError, [], False),
        (b"-NOAUTH no\r\n", exceptions.AuthenticationError, [], True),
        (b"-CLUSTERDOWN no\r\n", exceptions.ClusterDownError, ["suspect"], False),
        (b"-ERR no\r\n", exceptions.ResponseError, [], False),
    ],
)
async def test_what_an_error_means_for_the_connection(
    world: World, answer: bytes, kind: type[Exception], event: list[str], *, again: bool
) -> None:
    world.nodes[ONE].answers = [answer]
    with pytest.raises(kind):
        await world.calls.one(GET)
    assert world.events == event
    world.nodes[ONE].answers = [b"$1\r\na\r\n"]
    assert await world.calls.one(GET) == b"a"
    assert world.opened == [ONE] * (1 + again)


async def test_a_refused_command_renews_the_connection_for_calls_to_come(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chess_server.store.redis.link.RENEWAL_SECONDS", 0.0)
    world.nodes[ONE].answers = [b"-NOPERM no\r\n"]
    task = asyncio.create_task(world.calls.one(GET))
    with pytest.raises(exceptions.NoPermissionError):
        await task
    first = world.nodes[ONE].connection
    world.nodes[ONE].answers = [b"$1\r\na\r\n"]
    assert await world.calls.one(GET) == b"a"
    assert world.opened == [ONE, ONE]
    await eventually(lambda: first is not None and first.closed, "the first connection is closed", every=0)


async def test_a_lost_connection_is_opened_again_at_once(world: World) -> None:
    task = asyncio.create_task(world.calls.one(GET))
    await eventually(lambda: world.nodes[ONE].asked, "the call is sent", every=0)
    connection = world.nodes[ONE].connection
    assert connection is not None
    connection.connection_lost(None)
    with pytest.raises(exceptions.ConnectionError):
        await task
    assert world.events == ["suspect"]
    world.nodes[ONE].answers = [b"$1\r\na\r\n"]
    assert await world.calls.one(GET) == b"a"


async def test_after_a_failure_nobody_connects_for_a_while(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chess_server.store.redis.link.PAUSE_SECONDS", 0.2)
    link = Link(ONE, world.open)
    world.failing = True
    for _ in range(3):
        with pytest.raises(exceptions.ConnectionError):
            await link.ready()
    assert world.opened == [ONE]
    await asyncio.sleep(0.25)
    world.failing = False
    assert not (await link.ready()).closed


async def test_nodes_that_have_left_are_closed(world: World) -> None:
    world.nodes[ONE].answers = [b"$1\r\na\r\n"]
    await world.calls.one(GET)
    connection = world.nodes[ONE].connection
    assert connection is not None
    await world.calls.close_others([ONE])
    assert not connection.closed
    await world.calls.close_others([OTHER])
    assert connection.closed


def test_every_script_is_known() -> None:
    assert {"apply", "claim", "create", "match", "publish", "seal", "seat", "unwait"} <= set(scripts())
