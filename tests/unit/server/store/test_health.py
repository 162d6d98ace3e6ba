"""What begins an outage, what ends it, and what a probe is told."""

import asyncio
import gc
from typing import Any, cast

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError

from chess_server.store import health as module
from chess_server.store.errors import (
    AuthenticationError,
    ReadOnlyError,
    SaturatedError,
    UnavailableError,
    UnreachableError,
)
from chess_server.store.health import Health, RedisTime


def healthy() -> Health:
    return Health(cast("Any", None), RedisTime())


@pytest.mark.parametrize("kind", [UnreachableError, ReadOnlyError, AuthenticationError])
def test_an_outage_begins_with_what_hits_every_game(kind: type[UnavailableError]) -> None:
    health = healthy()
    health.failed(1000, kind("postgresql", "words"))
    assert health.outages.open == (("postgresql", 1000),)
    assert health.outages.elapsed(1000, 4000) == 0
    assert health.reason == "postgresql: words"
    health.answered("postgresql")
    assert (health.outages.open, health.reason, health.failing_seconds("postgresql")) == ((), "", 0)


def test_saturation_stops_no_clock_but_has_a_reason() -> None:
    health = healthy()
    health.failed(1000, SaturatedError("postgresql", "sorry, too many clients already"))
    assert health.outages.open == ()
    assert health.outages.elapsed(1000, 4000) == 3000
    assert health.reason == "postgresql: sorry, too many clients already"
    assert health.failures == {"redis": 0, "postgresql": 1}
    health.answered("postgresql")
    assert health.reason == ""


def test_a_store_fails_since_its_first_call_that_did(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr(module, "monotonic", lambda: now)
    health = healthy()
    health.failed(0, SaturatedError("postgresql", "sorry, too many clients already"))
    now = 150.0
    health.failed(0, ReadOnlyError("postgresql", "in a read-only transaction"))
    now = 161.0
    assert (health.failing_seconds("postgresql"), health.failing_seconds("redis")) == (61.0, 0.0)
    assert health.reason == "postgresql: in a read-only transaction"
    health.answered("postgresql")
    assert health.failing_seconds("postgresql") == 0.0


def test_a_saturated_store_that_was_out_of_reach_is_still_out_of_reach() -> None:
    health = healthy()
    health.failed(1000, UnreachableError("postgresql", "gone"))
    health.failed(2000, SaturatedError("postgresql", "everybody comes back"))
    assert health.outages.open == (("postgresql", 1000),)


class Unreachable:
    """Nodes that fail once they are let go."""

    def __init__(self) -> None:
        self.asked, self.go = asyncio.Event(), asyncio.Event()

    async def probe(self) -> None:
        self.asked.set()
        await self.go.wait()
        raise RedisConnectionError("it is gone")


async def test_a_probe_that_fails_after_all_who_waited_were_cancelled_is_no_fault_of_the_program() -> None:
    complaints: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context))
    nodes = Unreachable()
    waiter = asyncio.create_task(Health(cast("Any", nodes), RedisTime()).probe())
    await nodes.asked.wait()
    waiter.cancel()
    await asyncio.wait([waiter])
    nodes.go.set()
    await asyncio.sleep(0.01)
    del waiter
    gc.collect()
    assert complaints == []
