"""Keeps a timeline up to date: four watches by kubectl, and the pods' own heartbeats from Redis."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from redis.asyncio import Redis
from redis.asyncio.client import PubSub
from redis.exceptions import RedisError

from chess_bench.cluster.kubectl import Kubectl, KubectlError
from chess_bench.cluster.objects import CLUSTER, OPERATOR, OPERATORS_NAMESPACE
from chess_bench.demo.timeline import Timeline
from chess_presence import keys
from chess_presence.cancelling import end
from chess_presence.registry import Registry

REST_SECONDS = 0.05  # at least, between two readings: many heartbeats come at once
RETRY_SECONDS = 1.0
IDLE_READ_SECONDS = 5.0


@asynccontextmanager
async def watching(
    timeline: Timeline, kubectl: Kubectl, namespace: str, name: str, cluster_uid: str, redis_url: str
) -> AsyncIterator[None]:
    """Keep the timeline up to date while the block runs."""
    clock = asyncio.get_running_loop().time
    deployments = f"/apis/apps/v1/namespaces/{namespace}/deployments"
    pods = f"/api/v1/namespaces/{namespace}/pods"
    operators = f"/api/v1/namespaces/{OPERATORS_NAMESPACE}/pods"
    clusters = f"/apis/chesscluster.dev/v1alpha1/namespaces/{namespace}/chessclusters"
    ours = f"{CLUSTER}={name}"

    def deployment(_kind: str, item: dict[str, Any]) -> None:
        timeline.deployment(clock(), item)

    def pod(kind: str, item: dict[str, Any]) -> None:
        timeline.pod(clock(), kind, item)

    def all_pods(items: list[dict[str, Any]]) -> None:
        timeline.listed(clock(), items)

    def cluster(_kind: str, item: dict[str, Any]) -> None:
        timeline.cluster(clock(), item)

    tasks = [
        asyncio.create_task(_follow(kubectl, deployments, ours, deployment)),
        asyncio.create_task(_follow(kubectl, pods, ours, pod, all_pods)),
        asyncio.create_task(_follow(kubectl, clusters, "", cluster)),
        asyncio.create_task(_follow(kubectl, operators, OPERATOR, timeline.operator)),
        asyncio.create_task(_count(timeline, redis_url, cluster_uid)),
    ]
    try:
        yield
    finally:
        await end(*tasks)


async def _follow(
    kubectl: Kubectl,
    path: str,
    selector: str,
    take: Callable[[str, dict[str, Any]], None],
    take_all: Callable[[list[dict[str, Any]]], None] = lambda _: None,
) -> None:
    while True:
        with contextlib.suppress(KubectlError):
            async for event in kubectl.watch(path, selector):
                if event["type"] == "LISTED":
                    take_all(event["object"]["items"])
                    for item in event["object"]["items"]:
                        take("ADDED", item)
                else:
                    take(event["type"], event["object"])
        await asyncio.sleep(RETRY_SECONDS)


async def _count(timeline: Timeline, redis_url: str, cluster_uid: str) -> None:
    """Take each census message at once; read all heartbeats after it, and every IDLE_READ_SECONDS."""
    while True:
        client = Redis.from_url(redis_url, socket_timeout=30, socket_connect_timeout=3)
        written = asyncio.Event()
        with contextlib.suppress(RedisError, OSError, asyncio.IncompleteReadError):
            async with client, client.pubsub() as subscription:
                await subscription.subscribe(keys.census_channel(cluster_uid))
                reading = asyncio.create_task(_read(timeline, Registry(client, cluster_uid), written))
                try:
                    await _listen(timeline, subscription, written, reading)
                finally:
                    await end(reading)
        await asyncio.sleep(RETRY_SECONDS)


async def _listen(
    timeline: Timeline, subscription: PubSub, written: asyncio.Event, reading: asyncio.Task[None]
) -> None:
    """Until reading fails: what a pod holds when it is deleted must not wait for a reading of all."""
    clock = asyncio.get_running_loop().time
    while not reading.done():
        message = await subscription.get_message(ignore_subscribe_messages=True, timeout=IDLE_READ_SECONDS)
        written.set()
        if message and (counts := census_counts(message["data"])):
            timeline.counted(clock(), *counts)


async def _read(timeline: Timeline, registry: Registry, written: asyncio.Event) -> None:
    clock = asyncio.get_running_loop().time
    while True:
        written.clear()
        timeline.presence(clock(), (await registry.read()).records.values())
        await asyncio.sleep(REST_SECONDS)
        await written.wait()


def census_counts(data: bytes) -> tuple[str, int] | None:
    """Return the uid and the connections of a census message; None of one without counts."""
    words = data.decode(errors="replace").split(" ")
    return (words[0], int(words[1])) if len(words) > 1 and words[1].isascii() and words[1].isdigit() else None
