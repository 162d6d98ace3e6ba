"""The node of this machine, and a namespace on it for each test file. What takes the cluster down runs last of all."""

from collections.abc import Iterator

import pytest
from local_node import Namespace, load_base, make_namespace

from chess_localcluster import cluster
from chess_localcluster.paths import Home

LAST = "test_lifecycle"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: item.path.stem == LAST)


@pytest.fixture(scope="session")
def home() -> Home:
    cluster.up(nodes=1)
    return Home.at(None)


@pytest.fixture(scope="module")
def namespace(home: Home, request: pytest.FixtureRequest) -> Iterator[Namespace]:
    load_base(home)
    made = make_namespace(home, f"lc-{request.path.stem.removeprefix('test_').replace('_', '-')}")
    yield made
    made.kubectl("delete", "namespace", made.name, "--wait=true", check=False)
