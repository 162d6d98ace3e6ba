"""One local cluster with the operator for all cluster tests; each test makes its own namespace on it."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from functools import partial

import pytest
from arena import Arena, arena, localcluster, make_target

from chess_bench.cluster.targets import Target

Opener = Callable[..., AbstractAsyncContextManager[Arena]]


@pytest.fixture(scope="session")
def target() -> Target:
    return make_target()


@pytest.fixture
def make_arena(target: Target, request: pytest.FixtureRequest) -> Opener:
    """Make arenas in a namespace that is called after the test."""
    name = request.node.originalname.removeprefix("test_").replace("_", "-")[:50].strip("-")
    return partial(arena, target, f"t-{name}")


@pytest.fixture
async def stores_back() -> AsyncIterator[None]:
    """Whatever a test does to the stores, they run again afterwards."""
    yield
    for store in ("redis", "postgres"):
        await localcluster("store", "cont", store)
        await localcluster("store", "start", store)
