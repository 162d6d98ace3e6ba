"""The one service of the live GitOps tests, and how to bring it to the state that a test asks for."""

from dataclasses import replace
from enum import Enum
from pathlib import Path

from gitops_world import World
from local_kubectl import local_kubectl
from program import Program

from chess_bench.cluster.polling import refusal, until
from chess_bench.gitops.service import DELIVERED
from chess_localcluster.argocd import run as argocd
from chess_localcluster.progress import Silent

DRAIN_SECONDS = 35
"""The drain's deadline: longer than any game here, and not much longer."""
LEFTOVERS = {"namespace/chess", "namespace/chess-system", "namespace/argocd"}


class State(Enum):
    """What there is on the node."""

    EMPTY = "neither Argo CD nor anything of ours"
    BARE = "Argo CD, and nothing of ours"
    DELIVERED = "the service, from Git"
    INSTALLED = "the service, by Helm"
    OTHER = "whatever a test has left"


class Stage:
    """The one service of these tests, and how to bring it from any state to another."""

    def __init__(self, node: Program, directory: Path) -> None:
        found = set(node("get", "namespaces", "-o", "name").out.split())
        self.state = State.OTHER if found & LEFTOVERS else State.EMPTY
        self._directory = directory
        self._begun = 0
        self._world: World | None = None
        self._revision = ""

    @property
    def world(self) -> World:
        """The handles on the service; there are none while the node is empty."""
        assert self._world is not None, self.state.value
        return self._world

    async def empty(self) -> None:
        """Take everything away, Argo CD too."""
        if self.state is State.EMPTY:
            return
        await self._running().leave()
        self._world, self.state = None, State.EMPTY

    async def bare(self) -> World:
        """Have Argo CD, Git as it was delivered, and nothing else."""
        world = self._running()
        if self.state is not State.BARE:
            await world.clear()
        self._as_it_was(world)
        self.state = State.BARE
        return world

    async def delivered(self) -> World:
        """Have the service as Git has it, whatever a test before has pushed, and Healthy."""
        world = self._running()
        if self.state is not State.DELIVERED:
            await self.bare()
            await world.bootstrap()
        pushed = self._as_it_was(world)
        self.state = State.DELIVERED
        for name in DELIVERED:
            await world.settled(name, revision=pushed, seconds=240)
        await until("players can connect", lambda: _refusal(world), 60)
        return world

    def _as_it_was(self, world: World) -> str | None:
        """Take back what a test has pushed; return the revision, None if there was nothing."""
        return world.push("As it was") if world.checkout.revert(self._revision) else None

    def _running(self) -> World:
        """Start Argo CD if it does not run, and give it a repository with the project in it."""
        if self._world is None:
            argocd.down()
            self._begun += 1
            begun = World.begin(Silent(), self._directory / str(self._begun))
            self._world = replace(begun, kubectl=local_kubectl())
            self._world.edit(lambda spec: spec["drain"].update(deadlineSeconds=DRAIN_SECONDS))
            self._revision = self._world.push("The project")
            if self.state is State.EMPTY:
                self.state = State.BARE
        return self._world


async def _refusal(world: World) -> str | None:
    return await refusal("127.0.0.1", await world.entry())
