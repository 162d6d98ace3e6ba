"""Orders to drain: the API server first, then Redis, and a Redis that fails delays a reconcile once."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any, cast

import operator_cases as cases
import pytest

from chess_operator.census.reader import PresenceError, PresenceReader
from chess_operator.decide import decide
from chess_operator.decide.values import Decision, DrainOrder, History, Observed, Pod, UndrainOrder
from chess_operator.reconcile.apply import Applier
from chess_operator.reconcile.drains import Drains
from chess_presence.census import Census

PODS = tuple("abcd")


@dataclass(kw_only=True)
class FakeStores:
    """Stands in for the API server and Redis, and records what they are asked."""

    redis: bool = True
    asked: list[str] = field(default_factory=list)

    async def begin_drain(self, pod: Pod, _: DrainOrder) -> None:
        self.asked.append(f"patch {pod.uid}")

    async def end_drain(self, pod: Pod) -> None:
        self.asked.append(f"patch {pod.uid}")

    async def mark(self, _: str, uid: str, __: int) -> None:
        self._order(f"mark {uid}")

    async def unmark(self, _: str, uid: str) -> None:
        self._order(f"unmark {uid}")

    def _order(self, what: str) -> None:
        self.asked.append(what)
        if not self.redis:
            raise PresenceError("frozen")


def observed(**more: Any) -> Observed:
    return cases.observed(*(cases.pod(uid, **more) for uid in PODS))


def decision(*, drains: Iterable[str] = (), undrains: Iterable[str] = ()) -> Decision:
    plain = decide(cases.spec(), replace(observed(), pods=()), Census(), History(), 0)
    return replace(
        plain,
        drains=tuple(
            DrainOrder(uid=one, deadline_ms=9, resource_version="1", connections=0) for one in drains
        ),
        undrains=tuple(UndrainOrder(uid=one, connections=0) for one in undrains),
    )


def made(fake: FakeStores) -> tuple[Drains, PresenceReader]:
    return Drains(cast("Applier", fake)), cast("PresenceReader", fake)


async def test_a_drain_leaves_the_service_before_the_pod_is_ordered_to_drain() -> None:
    drains, reader = made(fake := FakeStores())
    await drains.begin(reader, observed(), decision(drains="ab"))
    assert fake.asked == ["patch a", "mark a", "patch b", "mark b"]


async def test_a_pod_learns_that_it_serves_again_before_players_come() -> None:
    drains, reader = made(fake := FakeStores())
    await drains.undo(reader, observed(), decision(undrains="ab"))
    assert fake.asked == ["unmark a", "patch a", "unmark b", "patch b"]


async def test_a_redis_that_fails_is_asked_once_and_every_pod_leaves_the_service_all_the_same() -> None:
    drains, reader = made(fake := FakeStores(redis=False))
    await drains.begin(reader, observed(), decision(drains=PODS))
    assert fake.asked == ["patch a", "mark a", "patch b", "patch c", "patch d"]


async def test_no_pod_is_put_back_while_redis_fails() -> None:
    drains, reader = made(fake := FakeStores(redis=False))
    await drains.undo(reader, observed(), decision(undrains=PODS))
    assert fake.asked == ["unmark a"]


@pytest.mark.parametrize("redis, orders", [(1, 4), (0, 1)], ids=["lost once", "frozen since"])
async def test_lost_orders_are_repeated(redis: int, orders: int) -> None:
    drains, reader = made(fake := FakeStores(redis=bool(redis)))
    census = Census(connections=dict.fromkeys(PODS, 3))
    again = await drains.repeat(reader, observed(drain_deadline_ms=9), census, decision())
    assert fake.asked == [f"mark {uid}" for uid in PODS[:orders]]
    assert again is not None
