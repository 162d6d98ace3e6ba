"""A ChessCluster of a test's own on the local cluster: a namespace, Secrets, a front door, and what happens inside.

It reads the cluster as a user would (kubectl, Redis) and breaks things on purpose: processes by pid, pods by eviction.
"""

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import polling
from local_kubectl import local_kubectl
from redis.asyncio import Redis

from chess_bench.bots import games
from chess_bench.bots.fleet import Fleet
from chess_bench.bots.pace import Pace
from chess_bench.cluster import installation as installing
from chess_bench.cluster import objects, targets
from chess_bench.cluster.kubectl import Kubectl, KubectlError
from chess_bench.cluster.targets import Target
from chess_presence.registry import Registry

GAMES = games.load(games.BUNDLED).games
API = "/apis/chesscluster.dev/v1alpha1/namespaces"
ROOT = Path(__file__).parents[2]

Object = dict[str, Any]


eventually = partial(polling.eventually, every=0.2, ignoring=(KubectlError,))
"""Poll the cluster: a read that fails counts as "not yet"."""


@dataclass(slots=True)
class Arena:
    """One ChessCluster and its namespace."""

    target: Target
    namespace: str
    name: str
    uid: str = ""

    @property
    def kubectl(self) -> Kubectl:
        return self.target.kubectl

    async def get(self) -> Object:
        return await self.kubectl.get(f"{API}/{self.namespace}/chessclusters/{self.name}")

    async def condition(self, kind: str) -> Object:
        """Return one condition, or {} while there is none."""
        conditions = (await self.get()).get("status", {}).get("conditions", [])
        return next((c for c in conditions if c["type"] == kind), {})

    async def deployment(self) -> Object:
        path = f"/apis/apps/v1/namespaces/{self.namespace}/deployments/{self.name}-blue"
        return await self.kubectl.get(path)

    async def replicas(self) -> int:
        replicas: int = (await self.deployment())["spec"]["replicas"]
        return replicas

    async def pods(self) -> list[Object]:
        """Return the server pods that are not being deleted."""
        selector = f"chesscluster.dev/cluster={self.name}"
        path = f"/api/v1/namespaces/{self.namespace}/pods?labelSelector={selector}"
        found = (await self.kubectl.get(path))["items"]
        return [pod for pod in found if "deletionTimestamp" not in pod["metadata"]]

    async def ready_pods(self, count: int) -> list[Object] | None:
        ready = [pod for pod in await self.pods() if is_ready(pod)]
        return ready if len(ready) == count else None

    async def restarts(self) -> dict[str, int]:
        """Return pod uid → container restarts: neither a new pod nor a restarted one goes unseen."""
        return {
            pod["metadata"]["uid"]: sum(s["restartCount"] for s in pod["status"].get("containerStatuses", []))
            for pod in await self.pods()
        }

    async def events(self) -> list[Object]:
        """Return the events about the ChessCluster itself."""
        found = (await self.kubectl.get(f"/api/v1/namespaces/{self.namespace}/events"))["items"]
        return [event for event in found if event["involvedObject"]["kind"] == "ChessCluster"]

    async def patch(self, spec: Mapping[str, Any]) -> None:
        await self.kubectl.run(
            "-n",
            self.namespace,
            "patch",
            "chesscluster",
            self.name,
            "--type=merge",
            "-p",
            json.dumps({"spec": spec}),
        )

    async def evict(self, pod: str) -> bool:
        """Evict through the API; False while the PodDisruptionBudget forbids it."""
        body = {
            "apiVersion": "policy/v1",
            "kind": "Eviction",
            "metadata": {"name": pod, "namespace": self.namespace},
        }
        path = f"/api/v1/namespaces/{self.namespace}/pods/{pod}/eviction"
        try:
            await self.kubectl.run("create", "--raw", path, "-f", "-", stdin=json.dumps(body))
        except KubectlError as error:
            if "disruption budget" not in str(error):
                raise
            return False
        return True

    async def entry(self) -> tuple[str, int]:
        return await targets.entry(self.target, self.namespace, None)

    @contextlib.asynccontextmanager
    async def players(self, count: int, *, think_seconds: float = 0.5) -> AsyncIterator[Fleet]:
        """Let bots play until the block ends; all of them connected when it begins."""
        host, port = await self.entry()
        async with Fleet(host, port, GAMES, players=count, pace=Pace(think_seconds=think_seconds)) as fleet:

            async def playing() -> bool:
                return fleet.counts.playing >= count - 1

            await eventually(playing, lambda: f"{count} players play: {fleet.counts}", within=60)
            yield fleet

    @contextlib.asynccontextmanager
    async def registry(self) -> AsyncIterator[Registry]:
        """Read presence as the operator does."""
        client = Redis.from_url(self.target.stores.redis_from_here, socket_timeout=2)
        try:
            yield Registry(client, self.uid)
        finally:
            await client.aclose()


def is_ready(pod: Object) -> bool:
    conditions = pod.get("status", {}).get("conditions", [])
    return any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)


@contextlib.asynccontextmanager
async def arena(
    target: Target,
    namespace: str,
    *,
    minimum: int = 2,
    maximum: int = 4,
    per_replica: int = 40,
    drain: Object | None = None,
    change: Callable[[Object], None] = lambda _: None,
    ready: bool = True,
) -> AsyncIterator[Arena]:
    """Make an arena and take it away again, whatever happened in it."""
    scaling = objects.brisk_scaling(minimum=minimum, maximum=maximum, target=per_replica, settle_seconds=4)
    manifest = objects.chess_cluster(namespace, "arena", target.image, scaling=scaling, drain=drain)
    change(manifest)
    await installing.clear_namespace(target, namespace)
    await target.kubectl.apply(objects.namespace(namespace))
    place = Arena(target=target, namespace=namespace, name="arena")
    try:
        place.uid = await installing.apply_cluster(target, manifest)
        if ready:
            await installing.wait_ready(target.kubectl, namespace, "arena")
            await eventually(lambda: place.ready_pods(minimum), f"{minimum} ready pods", within=90)
        yield place
    finally:
        await asyncio.shield(installing.delete_namespace(target.kubectl, namespace))


def server_pid(pod: Object) -> int:
    """Return the process id of a pod's server, by the pod uid in its environment."""
    mark = f"CHESS_POD_UID={pod['metadata']['uid']}".encode()
    found = []
    for environ in Path("/proc").glob("[0-9]*/environ"):
        with contextlib.suppress(OSError):
            if mark in environ.read_bytes().split(b"\0"):
                found.append(int(environ.parent.name))
    assert found, f"no process of pod {pod['metadata']['name']}"
    return min(found)


def kill_server(pod: Object) -> None:
    """kill -9, as an out-of-memory killer would."""
    os.kill(server_pid(pod), signal.SIGKILL)


async def localcluster(*arguments: str) -> None:
    """Run the console command, as a user would."""
    await targets.localcluster(*arguments)


def make_target() -> Target:
    """Bring the local cluster up with the image of this tree and the operator in it."""

    async def make() -> Target:
        await targets.localcluster("up", "--nodes", "1")
        await targets.localcluster("image", "build", str(ROOT))
        target = replace(targets.local_target(), kubectl=local_kubectl())
        await installing.install_operator(target, await installing.survey(target))
        return target

    assert os.geteuid() == 0, (
        f"the cluster tests need root: sudo {sys.executable} -m pytest {ROOT}/tests/cluster"
    )
    return asyncio.run(make())
