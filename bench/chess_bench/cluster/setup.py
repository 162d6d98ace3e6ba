"""What must run before players can come, each as a context manager: what a run starts, it ends."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from chess_bench.cluster import installation, objects, targets
from chess_bench.cluster.existing import Existing
from chess_bench.cluster.objects import Object
from chess_bench.cluster.targets import Target
from chess_bench.cluster.turn import turn
from chess_bench.console.stages import Stages

LOCAL = "the local cluster (`make down` removes it)"
OPERATOR = "operator and CRD"


@asynccontextmanager
async def cluster(stages: Stages, existing: Existing | None, *, keep: bool) -> AsyncIterator[Target]:
    """Use the user's cluster, or bring up the local one.

    Only an `up` of this run that succeeded is undone. One that was there before stays, whatever its state.
    """
    if existing:
        yield targets.existing_target(existing)
        return
    with turn():
        recorded = targets.local_is_recorded()
        if not recorded:
            stages.started(LOCAL)
        with stages.stage("cluster and image"):
            await targets.localcluster("up", "--nodes", "1", "--image", str(targets.ROOT))
        try:
            yield targets.local_target()
        finally:
            if not recorded and not keep:
                with stages.stage("cluster down"):
                    await targets.localcluster("down")
                stages.ended(LOCAL)


@asynccontextmanager
async def operator(stages: Stages, target: Target, *, keep: bool) -> AsyncIterator[None]:
    """Install CRD and operator; remove at the end what the cluster did not have before."""
    found = await installation.survey(target)
    try:
        with stages.stage("operator"):
            stages.started(OPERATOR)
            await installation.install_operator(target, found)
        yield
    finally:
        if not keep:
            users = await installation.uninstall(target.kubectl, found)
            if users:
                stages.screen.print(
                    f"{OPERATOR} stay: ChessClusters in {', '.join(users)} use them", "yellow"
                )
            stages.ended(OPERATOR)


@asynccontextmanager
async def chess_cluster(
    stages: Stages, target: Target, manifest: Object, *, keep: bool
) -> AsyncIterator[str]:
    """Make a namespace with a ChessCluster; yield its uid when it is Ready."""
    namespace, name = manifest["metadata"]["namespace"], manifest["metadata"]["name"]
    await installation.clear_namespace(target, namespace)
    stages.started(f"namespace {namespace}")
    try:
        with stages.stage("namespace"):
            await target.kubectl.apply(objects.namespace(namespace))
        with stages.stage("chesscluster"):
            uid = await installation.apply_cluster(target, manifest)
            await installation.wait_ready(target.kubectl, namespace, name)
        yield uid
    finally:
        if not keep:
            with stages.stage("delete namespace"):
                await installation.delete_namespace(target.kubectl, namespace)
            stages.ended(f"namespace {namespace}")
