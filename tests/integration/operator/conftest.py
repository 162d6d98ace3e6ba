"""A real API server with its controllers and scheduler, a real Redis, the operator with its own rights; no kubelet.

`Fleet` stands in for the kubelet and the servers: it reports pod statuses and sends heartbeats as they would.
Everything else is the real thing.
"""

import asyncio
import contextlib
import threading
import uuid
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml
from api_server import NAMESPACES, admin_of, apply
from operator_fleet import Fleet, secret
from operator_process import Process, start_operator
from polling import wait_until

from chess_localcluster import cluster as localcluster
from chess_localcluster.stores.store import Store
from chess_localcluster.stores.temporary import temporary_redis
from chess_operator.api.resources.kinds import CLUSTERS, LEASES, SECRETS, Kind, Manifest
from chess_operator.kube.client import ApiError, Kube

pytestmark = pytest.mark.integration
ROOT = Path(__file__).parents[3]
NODE = "node-0"
NODES = Kind("", "v1", "nodes", "Node")


@pytest.fixture(scope="session")
def control_plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    home = tmp_path_factory.mktemp("control-plane")
    running = localcluster.up(home, nodes=0)
    try:
        asyncio.run(_install(running.kubeconfig))
        with _node_alive(running.kubeconfig):
            yield running.kubeconfig
    finally:
        localcluster.down(home)


async def _install(kubeconfig: Path) -> None:
    async with admin_of(kubeconfig) as kube:
        for path in ("manifests/crd/chessclusters.yaml", "manifests/operator/operator.yaml"):
            for body in yaml.safe_load_all((ROOT / path).read_text()):
                await apply(kube, body)
        await kube.create(NODES, None, {"metadata": {"name": NODE}})
        await kube._write(
            "PATCH",
            NODES.path(None, NODE, "status"),
            body={
                "status": {
                    "capacity": {"cpu": "64", "memory": "256Gi", "pods": "200"},
                    "allocatable": {"cpu": "64", "memory": "256Gi", "pods": "200"},
                    "conditions": [{"type": "Ready", "status": "True", "reason": "KubeletReady", **_beat()}],
                }
            },
            content_type="application/merge-patch+json",
        )


@contextlib.contextmanager
def _node_alive(kubeconfig: Path) -> Iterator[None]:
    """Renew the node's lease in the background, or the node controller gives it up."""
    ended = threading.Event()

    async def renew() -> None:
        async with admin_of(kubeconfig) as kube:
            while not ended.is_set():
                now = datetime.now(tz=UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
                spec = {"holderIdentity": NODE, "leaseDurationSeconds": 40, "renewTime": now}
                body = {"metadata": {"name": NODE, "namespace": "kube-node-lease"}, "spec": spec}
                with contextlib.suppress(ApiError):
                    await kube.apply(LEASES, body)
                await asyncio.to_thread(ended.wait, 5)

    thread = threading.Thread(target=lambda: asyncio.run(renew()), name="node")
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join(10)


@pytest.fixture
async def kube(control_plane: Path) -> AsyncIterator[Kube]:
    async with admin_of(control_plane) as found:
        yield found


@pytest.fixture
def redis_store() -> Iterator[Store]:
    with temporary_redis() as store:
        yield store


@pytest.fixture(scope="module")
def operator_kubeconfig(control_plane: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A kubeconfig that holds the operator's own token, so that it has the manifest's rights and no others."""
    token = asyncio.run(_token(control_plane))
    config = yaml.safe_load(control_plane.read_text())
    config["users"] = [{"name": config["users"][0]["name"], "user": {"token": token}}]
    path = tmp_path_factory.mktemp("operator") / "kubeconfig"
    path.write_text(yaml.safe_dump(config))
    return path


async def _token(kubeconfig: Path) -> str:
    async with admin_of(kubeconfig) as kube:
        answer = await kube._write(
            "POST",
            "/api/v1/namespaces/chess-system/serviceaccounts/chess-operator/token",
            body={"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}},
        )
    return str(answer["status"]["token"])


@pytest.fixture(scope="module")
def operator(operator_kubeconfig: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    """One operator for all the tests of a module."""
    process = start_operator(operator_kubeconfig, tmp_path_factory.mktemp("logs"))
    try:
        wait_until(process.leads_or_ended, process.log.read_text, within=90)
        assert process.popen.poll() is None, process.log.read_text()
        yield process
        assert process.popen.poll() is None, process.log.read_text()
    finally:
        process.end()
    assert "Traceback" not in process.log.read_text()


@pytest.fixture
async def fleet(kube: Kube, redis_store: Store) -> AsyncIterator[Fleet]:
    """A namespace with Secrets, and pods that live. The ChessCluster is the test's to make."""
    namespace = f"t-{uuid.uuid4().hex[:8]}"
    await kube.create(NAMESPACES, None, {"metadata": {"name": namespace}})
    await kube.create(SECRETS, namespace, secret("redis", namespace, redis_store.url))
    await kube.create(SECRETS, namespace, secret("database", namespace, "postgresql://u:p@db:5432/chess"))
    made = Fleet(kube=kube, redis_url=redis_store.url, namespace=namespace)
    life = asyncio.create_task(made.run())
    yield made
    # Not waited for: the garbage collector learns of a new CRD only after up to 30 s.
    with contextlib.suppress(ApiError):
        await kube._write("DELETE", CLUSTERS.path(namespace, made.name))
    if life.done():
        life.result()  # what ended it is the failure to look at
    made.over = True
    life.cancel()
    await asyncio.wait({life}, timeout=5)


def _beat() -> Manifest:
    now = datetime.now(tz=UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {"lastHeartbeatTime": now, "lastTransitionTime": now}
