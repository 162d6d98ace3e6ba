"""Waivers let off exactly what they name, and none outlives its cause."""

from datetime import date

import pytest

from chess_stacks.rules import waivers
from chess_stacks.rules.finding import Finding
from chess_stacks.rules.waivers import Waiver

FOUND = Finding(stack="network", rule="X1", resource="Vpc", message="is blue")


def waiver(**narrowed: tuple[str, ...]) -> Waiver:
    return Waiver(rule="X1", reason="blue is fine", since=date(2026, 11, 21), **narrowed)


@pytest.mark.parametrize(
    "given, covers",
    [
        (waiver(), True),
        (waiver(stacks=("network",), resources=("Vpc",), profiles=("dev",)), True),
        (waiver(stacks=("security",)), False),
        (waiver(resources=("Subnet",)), False),
        (waiver(profiles=("prod",)), False),
    ],
    ids=["everywhere", "just here", "another stack", "another resource", "another profile"],
)
def test_a_waiver_covers_what_it_names(given: Waiver, *, covers: bool) -> None:
    assert given.covers("dev", FOUND) is covers


def test_what_is_not_waived_stands() -> None:
    settled = waivers.settle("dev", [FOUND], (waiver(profiles=("prod",)),))
    assert settled.standing == (FOUND,)
    assert settled.waived == ()


def test_what_is_waived_keeps_its_reason() -> None:
    settled = waivers.settle("dev", [FOUND], (waiver(),))
    assert settled.waived == ((FOUND, waiver()),)


def test_a_waiver_that_nothing_needs_is_stale() -> None:
    other = waiver(profiles=("prod",))
    assert waivers.stale([waiver()], (waiver(), other)) == (other,)


def test_each_shipped_waiver_has_a_reason_and_a_date() -> None:
    shipped = waivers.load()
    assert shipped
    assert all(len(one.reason) > 10 and one.since <= date(2026, 12, 31) for one in shipped)
