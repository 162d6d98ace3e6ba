"""Stand-ins for the kubelet, which reports pod statuses, and for the servers, which send heartbeats."""

import asyncio
import contextlib
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from api_server import listed
from polling import eventually
from redis.asyncio import Redis
from redis.exceptions import RedisError

from chess_operator.api.resources import labels
from chess_operator.api.resources.kinds import CLUSTERS, DEPLOYMENTS, EVENTS, PODS, Manifest
from chess_operator.kube.client import ApiError, Kube
from chess_presence.records import Beat, Heartbeat
from chess_presence.registry import Registry, beat_of


@dataclass(kw_only=True)
class Server:
    """What a server pod would report."""

    connections: int = 0
    draining: bool = False
    silent: bool = False
    sent: tuple[int, bool] | None = None
    sent_at: float = 0.0

    def due(self, now: float) -> bool:
        changed = self.sent != (self.connections, self.draining)
        return not self.silent and (changed or now - self.sent_at >= 0.5)

    def answered(self, beat: Beat, state: tuple[int, bool], now: float) -> None:
        self.sent, self.sent_at = state, now
        if beat.drain_deadline_ms is not None:
            self.draining = True
        if beat.taken_back:
            self.draining = False


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
    """Let new pods wait for this reason instead of running."""

    async def run(self) -> None:
        async with Redis.from_url(self.redis_url, socket_timeout=0.5) as redis:
            while not self.over:
                with contextlib.suppress(ApiError):  # a busy machine: try again
                    await self._act(redis)
                await asyncio.sleep(0.03)

    async def _act(self, redis: Any) -> None:
        bodies = await listed(self.kube, PODS, self.namespace, labels.OURS)
        self.pods = {body["metadata"]["uid"]: body for body in bodies}
        for uid, body in self.pods.items():
            await self._live(uid, body, redis)
        with contextlib.suppress(RedisError, OSError, TimeoutError):
            await self._beat(redis)
        self.servers = {uid: server for uid, server in self.servers.items() if uid in self.pods}

    async def _live(self, uid: str, body: Manifest, redis: Any) -> None:
        if "deletionTimestamp" in body["metadata"]:
            with contextlib.suppress(RedisError, OSError, TimeoutError):
                await Registry(redis, self.uid).leave(uid)
            await self._delete(body["metadata"]["name"])
        elif body["spec"].get("nodeName") and uid not in self.servers:
            self.servers[uid] = Server(silent=self.waiting is not None)
            await self._report_status(body)

    async def _beat(self, redis: Any) -> None:
        """All that are due, in one transaction: players who move are counted exactly once."""
        now, registry = time.monotonic(), Registry(redis, self.uid)
        due = {uid: one for uid, one in self.servers.items() if uid in self.pods and one.due(now)}
        states = {uid: (one.connections, one.draining) for uid, one in due.items()}
        async with redis.pipeline(transaction=True) as pipeline:
            for uid, (connections, drains) in states.items():
                heartbeat = Heartbeat(uid=uid, connections=connections, draining=drains)
                names, given = registry._beating(heartbeat)
                await registry._beat(keys=names, args=given, client=pipeline)
            answers = await pipeline.execute() if due else []
        for (uid, state), answer in zip(states.items(), answers, strict=True):
            due[uid].answered(beat_of(answer), state, now)

    async def _report_status(self, body: Manifest) -> None:
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

    async def shows(self, kind: str, status: str, reason: str = "", *, within: float = 30.0) -> None:
        """Wait until the ChessCluster has this condition."""
        what = f"{kind} is not {status} {reason}"
        await eventually(lambda: self.has(kind, status, reason), what, within=within)

    async def events(self, reason: str) -> list[str]:
        bodies = await listed(self.kube, EVENTS, self.namespace)
        return [one.get("note", "") for one in bodies if one.get("reason") == reason]

    async def settled(self, replicas: int) -> None:
        """Wait until this many pods run and the status reports it."""

        async def there() -> bool:
            status = await self.status()
            return status.get("readyReplicas") == replicas and await self.replicas() == replicas

        await eventually(there, f"never settled at {replicas} replicas")


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


async def out_to(fleet: Fleet, replicas: int, connections: int, **spec: Any) -> None:
    """Bring a new ChessCluster to this many replicas by this many connections."""
    await fleet.create(**spec)
    await eventually(fleet.running, "no pod ever ran")
    next(iter(fleet.servers.values())).connections = connections
    await fleet.settled(replicas)
    fleet.share(connections)
    await eventually(
        lambda: all(one.sent == (one.connections, False) for one in fleet.servers.values()),
        "not every heartbeat was sent",
    )


def notes(pod: Manifest) -> dict[str, str]:
    return pod["metadata"].get("annotations") or {}


def draining(fleet: Fleet) -> set[str]:
    return {uid for uid, pod in fleet.pods.items() if labels.DRAIN_DEADLINE in notes(pod)}
