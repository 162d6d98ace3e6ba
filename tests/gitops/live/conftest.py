"""The service under Argo CD, brought to the state that a test asks for, whatever ran before; figures; players."""

import asyncio
import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from gitops_world import World
from program import Program
from stage import Stage, State

from chess_bench.bots import games
from chess_bench.bots.fleet import Fleet
from chess_bench.bots.pace import Pace
from chess_bench.cluster import targets
from chess_bench.gitops.service import refuse_others
from chess_localcluster import cluster

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
OUT = ROOT / "out" / "gitops.json"
CHEAPEST_ORDER = ("empty_node", "world", "bare", "installed")
"""A test runs in any order; in this one the service changes its state the fewest times."""
LEAVING = pytest.StashKey[ExitStack]()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    def rank(item: pytest.Item) -> int:
        if not item.path.is_relative_to(HERE):
            return -1
        asked = getattr(item, "fixturenames", ())
        return next((number for number, name in enumerate(CHEAPEST_ORDER) if name in asked), 0)

    ours = [number for number, item in enumerate(items) if item.path.is_relative_to(HERE)]
    ordered = sorted((items[number] for number in ours), key=rank)
    for number, item in zip(ours, ordered, strict=True):
        items[number] = item


@pytest.fixture(scope="session")
def node() -> Program:
    """Kubectl on the local cluster with its node, with the image of the present code on it."""
    cluster.up(None, nodes=1)
    asyncio.run(targets.localcluster("image", "build", str(ROOT)))
    kubectl = targets.local_kubectl()
    return Program(Path(kubectl.program), kubectl.options)


@pytest.fixture(scope="session")
def stage(
    node: Program, tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config
) -> Iterator[Stage]:
    assert node("get", "nodes", "-o", "name").out.split(), "the local cluster has no node"
    asyncio.run(refuse_others(targets.local_kubectl()))
    made = Stage(node, tmp_path_factory.mktemp("gitops"))
    with pytestconfig.stash.setdefault(LEAVING, ExitStack()) as stack:
        stack.callback(lambda: asyncio.run(made.empty()))
        yield made


@pytest.fixture
async def empty_node(stage: Stage, node: Program) -> Program:
    """Kubectl on a node without Argo CD or anything of ours."""
    await stage.empty()
    return node


@pytest.fixture
async def world(stage: Stage) -> World:
    """The service as it was delivered, and Healthy."""
    return await stage.delivered()


@pytest.fixture
async def bare(stage: Stage) -> World:
    """The cluster without the service; what the test makes there goes before the next one."""
    made = await stage.bare()
    stage.state = State.OTHER
    return made


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> Iterator[None]:
    """Leave after the last of these tests, not at the session's end: the next tier has the cluster to itself."""
    yield
    if nextitem is None or not nextitem.path.is_relative_to(HERE):
        item.config.stash.get(LEAVING, ExitStack()).close()


@pytest.fixture(scope="session")
def figures(pytestconfig: pytest.Config) -> Iterator[Callable[..., None]]:
    """Print a figure at once, and keep all of them in out/gitops.json."""
    kept: dict[str, Any] = {}
    terminal = pytestconfig.pluginmanager.get_plugin("terminalreporter")

    def show(**named: Any) -> None:
        kept.update(named)
        if terminal is not None:
            terminal.write_line("  " + ", ".join(f"{name}: {value}" for name, value in named.items()))

    yield show
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text(json.dumps(kept, indent=2) + "\n")


@pytest.fixture
def fleet() -> Callable[..., Fleet]:
    """Players against the front door, at games of 10 s or, for those who are to be met in them, of 20 to 30 s."""
    every = games.load(games.BUNDLED).games
    long = [one for one in every if 80 < len(one.moves) < 100]

    def made(port: int, players: int, *, slow: bool = False) -> Fleet:
        pace = Pace(think_seconds=0.25 if slow else 0.12, rest_seconds=0.1)
        return Fleet("127.0.0.1", port, long if slow else every, players=players, pace=pace)

    return made
