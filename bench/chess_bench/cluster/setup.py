"""Everything that must stand before anybody can play, each as a context: what a run starts, it ends."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from chess_bench.cluster import installation as installing
from chess_bench.cluster import targets
from chess_bench.cluster.objects import Object
from chess_bench.cluster.targets import Target
from chess_bench.console.stages import Steps
from chess_bench.settings import Existing

LOCAL = "the local cluster (`make down` removes it)"
OPERATOR = "operator and CRD"


@asynccontextmanager
async def cluster(steps: Steps, existing: Existing | None, *, keep: bool) -> AsyncIterator[Target]:
    """Use the user's cluster, or bring up the local one; one that was up before stays up."""
    if existing:
        yield targets.existing_target(existing)
        return
    was_up = await targets.local_is_up()
    try:
        with steps.step("cluster and image"):
            steps.stands(LOCAL)
            await targets.localcluster("up", "--nodes", "1", "--image", str(targets.ROOT))
        yield targets.local_target()
    finally:
        if was_up:
            steps.away(LOCAL)
        elif not keep:
            with steps.step("cluster down"):
                await targets.localcluster("down")
            steps.away(LOCAL)


@asynccontextmanager
async def operator(steps: Steps, target: Target, *, keep: bool) -> AsyncIterator[None]:
    """Install CRD and operator, unless the user has them."""
    installation = await installing.survey(target)
    try:
        with steps.step("operator"):
            steps.stands(OPERATOR)
            await installing.install_operator(target, installation)
        yield
    finally:
        if not keep:
            await installing.uninstall(target.kubectl, installation)
            steps.away(OPERATOR)


@asynccontextmanager
async def chess_cluster(steps: Steps, target: Target, wish: Object, *, keep: bool) -> AsyncIterator[str]:
    """Make a namespace with a ChessCluster in it; gives its uid once it is Ready."""
    namespace, name = wish["metadata"]["namespace"], wish["metadata"]["name"]
    with steps.step("namespace"):
        await installing.make_namespace(target, namespace)
        steps.stands(f"namespace {namespace}")
    try:
        with steps.step("chesscluster"):
            uid = await installing.apply_cluster(target, wish)
            await installing.wait_ready(target.kubectl, namespace, name)
        yield uid
    finally:
        if not keep:
            with steps.step("namespace away"):
                await installing.delete_namespace(target.kubectl, namespace)
            steps.away(f"namespace {namespace}")
