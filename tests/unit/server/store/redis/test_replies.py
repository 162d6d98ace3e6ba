"""Commands and replies of Redis' protocol, however the network has cut them."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis import exceptions

from chess_server.store.redis.replies import NOTHING, error_of, node_in, packed, parser

REPLIES = st.recursive(
    st.none() | st.binary(max_size=40) | st.integers(-(2**63), 2**63 - 1),
    lambda inner: st.lists(inner, max_size=4),
    max_leaves=12,
)


def _encoded(reply: object) -> bytes:
    if reply is None:
        return b"$-1\r\n"
    if isinstance(reply, int):
        return b":%d\r\n" % reply
    if isinstance(reply, bytes):
        return b"$%d\r\n%s\r\n" % (len(reply), reply)
    assert isinstance(reply, list)
    return b"*%d\r\n" % len(reply) + b"".join(map(_encoded, reply))


@given(replies=st.lists(REPLIES, max_size=6), cuts=st.lists(st.integers(0, 400), max_size=8))
def test_replies_are_the_same_wherever_the_stream_is_cut(replies: list[object], cuts: list[int]) -> None:
    stream = b"".join(map(_encoded, replies))
    edges = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]
    found, parsing = [], parser()
    for begin, end in itertools.pairwise(edges):
        parsing.feed(stream[begin:end])
        while (reply := parsing.gets()) is not NOTHING:
            found.append(reply)
    assert found == replies


@given(words=st.lists(st.binary(max_size=30) | st.text(max_size=30) | st.integers(), min_size=1, max_size=6))
def test_a_command_is_an_array_of_its_words(words: list[bytes | str | int]) -> None:
    parsing = parser()
    parsing.feed(packed(*words))
    assert parsing.gets() == [word if isinstance(word, bytes) else str(word).encode() for word in words]


@pytest.mark.parametrize(
    "message, kind",
    [
        ("ERR unknown command", exceptions.ResponseError),
        ("NOSCRIPT No matching script. Please use EVAL.", exceptions.NoScriptError),
        ("READONLY You can't write against a read only replica.", exceptions.ReadOnlyError),
        ("READONLY You can't write … script: 3a, on @user_script:14.", exceptions.ReadOnlyError),
        ("WRONGPASS invalid username-password pair or user is disabled.", exceptions.AuthenticationError),
        ("NOAUTH Authentication required.", exceptions.AuthenticationError),
        ("ERR AUTH <password> called without any password configured", exceptions.AuthenticationError),
        ("NOPERM User x has no permissions", exceptions.NoPermissionError),
        ("LOADING Redis is loading the dataset in memory", exceptions.BusyLoadingError),
        ("OOM command not allowed when used memory > 'maxmemory'.", exceptions.OutOfMemoryError),
        ("CLUSTERDOWN Hash slot not served", exceptions.ClusterDownError),
        ("TRYAGAIN Multiple keys request during rehashing of slot", exceptions.TryAgainError),
    ],
)
def test_an_error_is_one_of_redis_pys(message: str, kind: type[Exception]) -> None:
    parsing = parser()
    parsing.feed(f"-{message}\r\n".encode())
    error = parsing.gets()
    assert type(error) is kind
    assert str(error) == message


@given(
    message=st.text(max_size=30) | st.sampled_from(["MOVED", "ASK ", "MOVED 1", "MOVED x y:z", "ASK 1 :x"])
)
def test_no_error_is_too_odd(message: str) -> None:
    assert isinstance(error_of(message), exceptions.RedisError)


@pytest.mark.parametrize(
    "message, node",
    [
        ("MOVED 3999 10.0.0.2:6381", "10.0.0.2:6381"),
        ("ASK 3999 10.0.0.2:6381", "10.0.0.2:6381"),
        ("MOVED 3999 :6381", "10.0.0.1:6381"),
        ("MOVED 3999 fd00::2:6381", "fd00::2:6381"),
    ],
)
def test_where_a_slot_has_moved_to(message: str, node: str) -> None:
    error = error_of(message)
    assert isinstance(error, exceptions.AskError)
    assert isinstance(error, exceptions.MovedError) == message.startswith("MOVED")
    assert node_in(error, "10.0.0.1:6379") == node
