"""Heartbeat records of other versions, with any text, and bytes that are not a record."""

import contextlib

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chess_presence.records import Heartbeat, RecordError, decode, encode, news

counts = st.integers(min_value=0, max_value=2**53)
names = st.text(max_size=50)
heartbeats = st.builds(
    Heartbeat,
    uid=st.text(min_size=1, max_size=50),
    addr=names,
    revision=names,
    connections=counts,
    games=counts,
    draining=st.booleans(),
    accepted=counts,
    demand=st.none() | counts,
    refused=counts,
    limit=counts,
    wire=st.lists(counts, max_size=3).map(tuple),
    state=st.lists(counts, max_size=3).map(tuple),
    abnormal_closes=counts,
    handler_p99_ms=st.floats(min_value=0, max_value=1e6),
    started_at=counts,
)


@given(heartbeats)
def test_a_record_survives_the_wire(heartbeat: Heartbeat) -> None:
    assert decode(encode(heartbeat)) == heartbeat


def test_the_wire_names_are_those_of_the_contract() -> None:
    assert set(msgspec.json.decode(encode(Heartbeat(uid="a", connections=1)))) == {
        "schema",
        "uid",
        "addr",
        "revision",
        "connections",
        "demand",
        "refused",
        "limit",
        "wire",
        "state",
        "games",
        "draining",
        "accepted",
        "abnormalCloses",
        "handlerP99Ms",
        "startedAt",
    }


def test_a_reader_ignores_what_a_newer_writer_adds() -> None:
    newer = b'{"schema":7,"uid":"a","connections":3,"mood":"good"}'
    assert decode(newer).connections == 3


def test_an_older_reader_ignores_what_this_writer_adds() -> None:
    class Older(msgspec.Struct, rename="camel"):
        uid: str
        connections: int
        abnormal_closes: int
        schema: int

    newest = Heartbeat(uid="a", connections=7, demand=5, refused=2, limit=9, wire=(1,), state=(1,))
    assert msgspec.json.decode(encode(newest), type=Older) == Older("a", 7, 0, 1)


def test_an_older_writers_record_says_nothing_of_demand() -> None:
    older = decode(b'{"schema":1,"uid":"a","connections":3}')
    assert (older.demand, older.refused, older.limit, older.wire, older.state) == (None, 0, 0, (), ())


@pytest.mark.parametrize(
    "heartbeat, message",
    [
        (Heartbeat(uid="a", connections=7, draining=True, demand=5, refused=2), "a 7 1 5 2"),
        (Heartbeat(uid="a", connections=7), "a 7 0 7 0"),
    ],
)
def test_the_census_message_carries_what_decides(heartbeat: Heartbeat, message: str) -> None:
    assert news(heartbeat) == message


@pytest.mark.parametrize(
    "raw, field",
    [
        pytest.param(b'{"uid":"a"}', "connections", id="no count"),
        pytest.param(b'{"connections":1}', "uid", id="no uid"),
        pytest.param(b'{"uid":"a","connections":-1}', "connections", id="negative count"),
        pytest.param(b'{"uid":"a","connections":"many"}', "connections", id="count is text"),
        pytest.param(b'{"uid":"","connections":1}', "uid", id="empty uid"),
        pytest.param(b'{"uid":"a","connections":1,"schema":0}', "schema", id="impossible schema"),
        pytest.param(b"{", "truncated", id="broken JSON"),
        pytest.param(b"[]", "array", id="not an object"),
        pytest.param(b"\xff\xfe", "malformed", id="not UTF-8"),
    ],
)
def test_a_record_that_cannot_be_counted_names_the_field(raw: bytes, field: str) -> None:
    with pytest.raises(RecordError, match=field):
        decode(raw)


@given(st.binary(max_size=200))
def test_any_other_bytes_raise_a_record_error(raw: bytes) -> None:
    with contextlib.suppress(RecordError):
        decode(raw)
