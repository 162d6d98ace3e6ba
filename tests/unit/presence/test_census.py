"""A census counts live records, and names the pods that are missing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chess_presence.census import Census, Expected, take
from chess_presence.records import Heartbeat, Reading

NOW = 1_000_000
OLD = NOW - 60_000
YOUNG = NOW - 4_000


def reading(**connections: int) -> Reading:
    records = {uid: Heartbeat(uid=uid, connections=count) for uid, count in connections.items()}
    return Reading(now_ms=5, records=records)


def pods(**since: int) -> list[Expected]:
    return [Expected(uid=uid, running_since_ms=at) for uid, at in since.items()]


@pytest.mark.parametrize(
    "read, expected, last, complete, total, ceiling",
    [
        pytest.param(reading(), [], {}, True, 0, 0, id="nobody expected, nobody there"),
        pytest.param(reading(a=3, b=4), pods(a=OLD, b=OLD), {}, True, 7, 7, id="all there"),
        pytest.param(
            reading(a=3), pods(a=OLD, b=OLD), {"b": 9}, False, 3, 12, id="missing at its last value"
        ),
        pytest.param(reading(a=3), pods(a=OLD, b=OLD), {}, False, 3, 3, id="missing and never known"),
        pytest.param(reading(a=3), pods(a=OLD, b=YOUNG), {}, True, 3, 3, id="too young to be missed"),
        pytest.param(
            reading(a=3), pods(a=OLD, b=YOUNG), {"b": 9}, False, 3, 12, id="young, but it was there before"
        ),
        pytest.param(reading(a=3, z=5), pods(a=OLD), {}, True, 8, 8, id="unexpected pods have players too"),
        pytest.param(reading(), pods(a=OLD), {"a": 40}, False, 0, 40, id="a Redis that forgot everything"),
        pytest.param(None, pods(a=OLD), {"a": 40}, False, 0, 40, id="no Redis"),
        pytest.param(None, [], {}, False, 0, 0, id="no Redis and no pods is still not knowledge"),
    ],
)
def test_census(
    *,
    read: Reading | None,
    expected: list[Expected],
    last: dict[str, int],
    complete: bool,
    total: int,
    ceiling: int,
) -> None:
    census = take(read, expected=expected, last=last, now_ms=NOW)
    assert (census.complete, census.total, census.ceiling) == (complete, total, ceiling)


def test_a_pod_is_empty_only_when_it_reports_that_it_drains() -> None:
    census = take(
        Reading(
            now_ms=5,
            records={
                "drained": Heartbeat(uid="drained", connections=0, draining=True),
                "idle": Heartbeat(uid="idle", connections=0),
                "busy": Heartbeat(uid="busy", connections=1, draining=True),
            },
        ),
        expected=[],
        last={},
        now_ms=NOW,
    )
    assert {uid for uid in ("drained", "idle", "busy", "unknown") if census.empty(uid)} == {"drained"}


uids = st.sampled_from("abcdef")
counts = st.dictionaries(uids, st.integers(0, 5000))


@given(counts, st.dictionaries(uids, st.integers(NOW - 100_000, NOW)), counts)
def test_a_missing_pod_never_lowers_the_count(
    live: dict[str, int], since: dict[str, int], last: dict[str, int]
) -> None:
    census: Census = take(reading(**live), expected=pods(**since), last=last, now_ms=NOW)
    assert census.ceiling >= census.total == sum(live.values())
    assert not set(census.missing) & set(live)
    assert census.complete == (not census.missing)
