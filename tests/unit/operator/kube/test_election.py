"""Who leads: judged by how long a lease was seen unchanged, never by anybody's clock."""

import pytest

from chess_operator.kube.election import (
    LEASE_SECONDS,
    RENEW_SECONDS,
    Record,
    Sighting,
    held,
    next_step,
    sight,
)


def record(holder: str, version: str = "1", seconds: float = LEASE_SECONDS) -> Record:
    return Record(holder=holder, resource_version=version, lease_seconds=seconds)


@pytest.mark.parametrize(
    "holder, age, expected",
    [
        pytest.param("me", 0, "renew", id="mine"),
        pytest.param("me", 99, "renew", id="mine, long ago"),
        pytest.param("other", 0, "wait", id="another's, fresh"),
        pytest.param("other", LEASE_SECONDS, "wait", id="another's, just not run out"),
        pytest.param("other", LEASE_SECONDS + 0.1, "take", id="another's, run out"),
        pytest.param("", 0, "take", id="released"),
    ],
)
def test_what_to_do_about_a_lease(holder: str, age: float, expected: str) -> None:
    assert next_step("me", Sighting(record=record(holder), since=100.0), 100.0 + age) == expected


def test_a_lease_that_is_not_there_is_made() -> None:
    assert next_step("me", None, 0.0) == "create"


def test_a_renewal_by_the_other_starts_the_wait_anew() -> None:
    seen = sight(None, record("other", "1"), 0.0)
    assert sight(seen, record("other", "1"), 9.0).since == 0.0
    assert sight(seen, record("other", "2"), 9.0).since == 9.0


def test_a_leader_stops_writing_before_another_may_lead() -> None:
    assert held(0.0, RENEW_SECONDS - 0.1)
    assert not held(0.0, RENEW_SECONDS)
    assert not held(None, 0.0)
    assert RENEW_SECONDS < LEASE_SECONDS
