"""A real API server with its controllers and scheduler, a real Redis, the operator with its own rights; no kubelet.

`Fleet` stands in for the kubelet and the servers: it tells pod statuses as a kubelet would, and heartbeats as servers
would. Everything else is the real thing.
"""

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.request
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from redis.asyncio import Redis

from chess_localcluster import cluster as localcluster
from chess_localcluster import stores
from chess_localcluster.stores import Store
from chess_operator import labels
from chess_operator.kube.access import Access
from chess_operator.kube.client import ApiError, Kube, Manifest
from chess_operator.kube.kinds import CLUSTERS, CRDS, DEPLOYMENTS, EVENTS, LEASES, PODS, SECRETS, Kind
from chess_presence.records import Heartbeat
from chess_presence.registry import Registry

pytestmark = pytest.mark.integration
ROOT = Path(__file__).parents[3]
NODE = "node-0"
NODES = Kind("", "v1", "nodes", "Node")
NAMESPACES = Kind("", "v1", "namespaces", "Namespace")
SCALE_WAIT = 20.0


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


async def apply(kube: Kube, body: Manifest) -> None:
    group, _, version = body["apiVersion"].rpartition("/")
    plural = {"NetworkPolicy": "networkpolicies"}.get(body["kind"], body["kind"].lower() + "s")
    kind = Kind(group, version, plural, body["kind"])
    if kind.plural == CRDS.plural:
        await kube.create(kind, None, body)
        return
    path = kind.path(body["metadata"].get("namespace"), body["metadata"]["name"])
    query = {"fieldManager": "test", "force": "true"}
    await kube._write("PATCH", path, body=body, query=query, content_type="application/apply-patch+yaml")


@contextlib.asynccontextmanager
async def admin_of(kubeconfig: Path) -> AsyncIterator[Kube]:
    api = await Access(kubeconfig=kubeconfig, context=None).api()
    try:
        yield Kube(api)
    finally:
        await api.close()


@pytest.fixture
async def kube(control_plane: Path) -> AsyncIterator[Kube]:
    async with admin_of(control_plane) as found:
        yield found


@pytest.fixture
def redis_store() -> Iterator[Store]:
    with stores.temporary_redis() as store:
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


@dataclass(kw_only=True)
class Process:
    """An operator process."""

    popen: subprocess.Popen[bytes]
    log: Path

    @property
    def port(self) -> int | None:
        return next((line["port"] for line in self.lines() if line.get("event") == "listening"), None)

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.log.read_text().splitlines() if line.startswith("{")]

    def leads(self) -> bool:
        return any(line.get("event") == "leading" for line in self.lines())

    def get(self, path: str) -> tuple[int, str]:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=2) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        self.popen.send_signal(number)
        return self.popen.wait(20)


def start_operator(kubeconfig: Path, directory: Path, *flags: str) -> Process:
    log = directory / f"operator-{uuid.uuid4().hex[:6]}.log"
    command = [sys.executable, "-m", "chess_operator", "run", "--probe-address=127.0.0.1:0"]
    environment = {**os.environ, "KUBECONFIG": str(kubeconfig)}
    with log.open("wb") as output:
        popen = subprocess.Popen([*command, *flags], stderr=output, stdout=output, env=environment)
    return Process(popen=popen, log=log)


@pytest.fixture(scope="module")
def operator(operator_kubeconfig: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    """One operator for all the tests of a module."""
    process = start_operator(operator_kubeconfig, tmp_path_factory.mktemp("logs"))
    try:
        deadline = time.monotonic() + 90
        while not process.leads():
            assert process.popen.poll() is None, process.log.read_text()
            assert time.monotonic() < deadline, process.log.read_text()
            time.sleep(0.05)
        yield process
        assert process.popen.poll() is None, process.log.read_text()
    finally:
        process.end()
    assert "Traceback" not in process.log.read_text()


async def until(
    found: Callable[[], Any], *, seconds: float = SCALE_WAIT, what: Callable[[], Any] | str = ""
) -> Any:
    """Poll with a deadline; `found` may be a coroutine function."""
    deadline = time.monotonic() + seconds
    while True:
        result = found()
        if asyncio.iscoroutine(result):
            result = await result
        if result:
            return result
        assert time.monotonic() < deadline, what() if callable(what) else what
        await asyncio.sleep(0.03)


@dataclass(kw_only=True)
class Server:
    """What a server pod would say."""

    connections: int = 0
    draining: bool = False
    silent: bool = False
    said: tuple[int, bool] | None = None
    said_at: float = 0.0


@dataclass(kw_only=True)
class Fleet:
    """The kubelet and the servers of one namespace's ChessCluster."""

    kube: Kube
    redis_url: str
    namespace: str
    name: str = "arena"
    uid: str = ""
    servers: dict[str, Server] = field(default_factory=dict)
    pods: dict[str, Manifest] = field(default_factory=dict)
    over: bool = False
    waiting: str | None = None
    """Let new pods hang with this reason instead of running."""

    async def run(self) -> None:
        async with Redis.from_url(self.redis_url, socket_timeout=0.5) as redis:
            while not self.over:
                await self._turn(redis)
                await asyncio.sleep(0.03)

    async def _turn(self, redis: Any) -> None:
        listed = await self.kube.list(PODS, self.namespace, selector=labels.OURS)
        self.pods = {body["metadata"]["uid"]: body for body in listed["items"]}
        for uid, body in self.pods.items():
            await self._live(uid, body, redis)
        self.servers = {uid: server for uid, server in self.servers.items() if uid in self.pods}

    async def _live(self, uid: str, body: Manifest, redis: Any) -> None:
        if "deletionTimestamp" in body["metadata"]:
            with contextlib.suppress(Exception):
                await Registry(redis, self.uid).leave(uid)
            await self._delete(body["metadata"]["name"])
        elif body["spec"].get("nodeName") and uid not in self.servers:
            self.servers[uid] = Server(silent=self.waiting is not None)
            await self._tell_status(body)
        if uid in self.servers:
            with contextlib.suppress(Exception):
                await self._beat(uid, self.servers[uid], redis)

    async def _beat(self, uid: str, server: Server, redis: Any) -> None:
        now, state = time.monotonic(), (server.connections, server.draining)
        if server.silent or (server.said == state and now - server.said_at < 0.5):
            return
        heartbeat = Heartbeat(uid=uid, connections=server.connections, draining=server.draining)
        beat = await Registry(redis, self.uid).beat(heartbeat)
        server.said, server.said_at = state, now
        if beat.drain_deadline_ms is not None:
            server.draining = True
        if beat.taken_back:
            server.draining = False

    async def _tell_status(self, body: Manifest) -> None:
        now = datetime.now(tz=UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        state: Manifest = {"running": {"startedAt": now}}
        if self.waiting:
            state = {"waiting": {"reason": self.waiting, "message": "as the kubelet says"}}
        up = "False" if self.waiting else "True"
        container = {"name": "server", "image": "x", "imageID": "", "ready": up == "True", "restartCount": 0}
        status = {
            "phase": "Pending" if self.waiting else "Running",
            "podIP": "10.0.0.1",
            "conditions": [
                {"type": "PodScheduled", "status": "True", "lastTransitionTime": now},
                {"type": "Ready", "status": up, "lastTransitionTime": now},
            ],
            "containerStatuses": [{**container, "started": up == "True", "state": state}],
        }
        await self.patch_status(body["metadata"]["name"], status)

    async def patch_status(self, pod: str, status: Manifest) -> None:
        path = PODS.path(self.namespace, pod, "status")
        with contextlib.suppress(ApiError):
            await self.kube._write(
                "PATCH", path, body={"status": status}, content_type="application/merge-patch+json"
            )

    async def _delete(self, pod: str) -> None:
        with contextlib.suppress(ApiError):
            await self.kube._write("DELETE", PODS.path(self.namespace, pod), body={"gracePeriodSeconds": 0})

    def running(self) -> list[str]:
        return [uid for uid in self.pods if uid in self.servers]

    def share(self, total: int) -> None:
        """Spread players over the pods that do not drain."""
        serving = [one for uid, one in self.servers.items() if uid in self.pods and not one.draining]
        for index, server in enumerate(serving):
            server.connections = total // len(serving) + (1 if index < total % len(serving) else 0)

    async def create(self, **spec: Any) -> Manifest:
        """Make the ChessCluster."""
        body = {
            "apiVersion": CLUSTERS.api_version,
            "kind": CLUSTERS.kind,
            "metadata": {"name": self.name, "namespace": self.namespace},
            "spec": spec_with(**spec),
        }
        made = await self.kube.create(CLUSTERS, self.namespace, body)
        self.uid = made["metadata"]["uid"]
        return made

    async def change(self, **spec: Any) -> Manifest:
        return await self.kube.merge(CLUSTERS, self.namespace, self.name, {"spec": spec})

    async def cluster(self) -> Manifest:
        found = await self.kube.get(CLUSTERS, self.namespace, self.name)
        assert found is not None
        return found

    async def status(self) -> Manifest:
        status: Manifest = (await self.cluster()).get("status") or {}
        return status

    async def condition(self, kind: str) -> Manifest:
        conditions = (await self.status()).get("conditions") or []
        return next((one for one in conditions if one["type"] == kind), {})

    async def deployment(self) -> Manifest | None:
        return await self.kube.get(DEPLOYMENTS, self.namespace, f"{self.name}-blue")

    async def replicas(self) -> int:
        found = await self.deployment()
        return -1 if found is None else int(found["spec"]["replicas"])

    async def replicas_are(self, replicas: int) -> bool:
        return await self.replicas() == replicas

    async def has(self, kind: str, status: str, reason: str = "") -> bool:
        found = await self.condition(kind)
        return found.get("status") == status and reason in ("", found.get("reason"))

    async def events(self, reason: str) -> list[str]:
        listed = await self.kube.list(EVENTS, self.namespace)
        return [one.get("note", "") for one in listed["items"] if one.get("reason") == reason]

    async def settled(self, replicas: int) -> None:
        """Wait until so many pods run and the status says so."""

        async def there() -> bool:
            status = await self.status()
            return status.get("readyReplicas") == replicas and await self.replicas() == replicas

        await until(there, what=f"never settled at {replicas} replicas")


def spec_with(**spec: Any) -> Manifest:
    scaling = {
        "minReplicas": 1,
        "maxReplicas": 8,
        "targetConnectionsPerReplica": 10,
        "maxConnectionsPerReplica": 30,
        "bufferSize": 0,
        "behavior": {"scaleDown": {"stabilizationWindowSeconds": 0}},
    }
    return {
        "server": {"image": "chesscluster:dev"},
        "redis": {"urlSecretRef": {"name": "redis", "key": "url"}},
        "database": {"urlSecretRef": {"name": "database", "key": "url"}},
        "drain": {"deadlineSeconds": 600, "reconnectWindowSeconds": 1},
        **spec,
        "scaling": {**scaling, **spec.get("scaling", {})},
    }


def secret(name: str, namespace: str, url: str) -> Manifest:
    return {"metadata": {"name": name, "namespace": namespace}, "stringData": {"url": url}}


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
    made.over = True
    life.cancel()
    await asyncio.wait({life}, timeout=5)


def _beat() -> Manifest:
    now = datetime.now(tz=UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {"lastHeartbeatTime": now, "lastTransitionTime": now}
