"""Out on load, in by the whole dance, on a real API server."""

import asyncio

import pytest

from chess_operator import labels
from chess_operator.kube.kinds import BUDGETS, POLICIES, SERVICES

from .conftest import Fleet, Process, until

pytestmark = pytest.mark.integration


async def test_makes_every_child_and_says_ready(operator: Process, fleet: Fleet) -> None:
    await fleet.create()
    await fleet.settled(1)
    for kind, name in ((SERVICES, "arena-blue"), (BUDGETS, "arena-blue"), (POLICIES, "arena")):
        assert await fleet.kube.get(kind, fleet.namespace, name) is not None
    await until(lambda: fleet.has("Ready", "True"))
    assert (await fleet.status())["phase"] == "Running"
