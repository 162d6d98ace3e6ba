"""The world with Argo CD, which these tests share from the first to the last; figures that they print; players."""

import asyncio
import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from gitops_world import World
from program import Program

from chess_bench.bots import games
from chess_bench.bots.fleet import Fleet
from chess_bench.bots.pace import Pace
from chess_bench.cluster import targets
from chess_bench.gitops.service import refuse_others
from chess_localcluster import cluster
from chess_localcluster.argocd import run as argocd
from chess_localcluster.progress import Silent

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
OUT = ROOT / "out" / "gitops.json"
DRAIN_S = 35
"""The drain's deadline: longer than any game here, and not much longer."""
LEAVING = pytest.StashKey[ExitStack]()


@pytest.fixture(scope="session")
def node() -> Program:
    """Kubectl on the local cluster with its node, with the image of the present code on it."""
    cluster.up(None, nodes=1)
    asyncio.run(targets.localcluster("image", "build", str(ROOT)))
    kubectl = targets.local_kubectl()
    return Program(Path(kubectl.program), kubectl.options)


@dataclass(frozen=True)
class Delivery:
    """The world, and the revision that it began with."""

    world: World
    revision: str


@pytest.fixture(scope="session")
def delivery(
    node: Program, tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config
) -> Iterator[Delivery]:
    """Git and Argo CD have been told of the service, on a cluster that had nothing of it."""
    assert node("get", "nodes", "-o", "name").out.split(), "the local cluster has no node"
    asyncio.run(refuse_others(targets.local_kubectl()))
    argocd.down()
    made = World.begin(Silent(), tmp_path_factory.mktemp("gitops"))
    asyncio.run(made.clear())
    with pytestconfig.stash.setdefault(LEAVING, ExitStack()) as stack:
        stack.callback(lambda: asyncio.run(made.leave()))
        made.edit(lambda spec: spec["drain"].update(deadlineSeconds=DRAIN_S))
        revision = made.push("The project")
        asyncio.run(made.bootstrap())
        yield Delivery(made, revision)


@pytest.fixture
async def world(delivery: Delivery) -> World:
    """The service as it was delivered, whatever a test before this one has pushed, and Healthy."""
    made, pushed = delivery.world, None
    if made.checkout.revert(delivery.revision):
        pushed = made.push("As it was")
    for name in ("chess-root", "chess-operator", "chess"):
        await made.settled(name, revision=pushed, seconds=240)
    return made


@pytest.fixture(scope="module")
def bare(delivery: Delivery) -> World:
    """The cluster without the service."""
    asyncio.run(delivery.world.clear())
    return delivery.world


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

    def show(**said: Any) -> None:
        kept.update(said)
        if terminal is not None:
            terminal.write_line("  " + ", ".join(f"{name}: {value}" for name, value in said.items()))

    yield show
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text(json.dumps(kept, indent=2) + "\n")


@pytest.fixture
def fleet() -> Callable[..., Fleet]:
    """Players against the front door, at games of 10 s or, for those who are to be met in them, of 20 to 30 s."""
    every = games.load(games.BUNDLED)
    long = [one for one in every if 80 < len(one.moves) < 100]

    def made(port: int, players: int, *, slow: bool = False) -> Fleet:
        pace = Pace(think_seconds=0.25 if slow else 0.12, rest_seconds=0.1)
        return Fleet("127.0.0.1", port, long if slow else every, players=players, pace=pace)

    return made
