"""What fails outside: Redis, Secrets, images, quotas. No pod may go for it, and each condition clears again."""

import signal
from typing import Any

import pytest
from operator_fleet import Fleet, draining, out_to, secret
from operator_process import Process
from polling import eventually
from redis.asyncio import Redis

from chess_localcluster.stores.store import Store
from chess_operator.api.resources.kinds import POLICIES, SECRETS, Kind

pytestmark = pytest.mark.integration
QUOTAS = Kind("", "v1", "resourcequotas", "ResourceQuota")
FALLBACK = {"fallback": {"failureThreshold": 1, "behavior": "currentReplicasIfHigher", "replicas": 4}}


async def message(fleet: Fleet, kind: str) -> str:
    return str((await fleet.condition(kind)).get("message"))


async def test_a_frozen_redis_falls_back_and_recovers(
    operator: Process, fleet: Fleet, redis_store: Store
) -> None:
    await out_to(fleet, 2, 20, scaling=FALLBACK)
    redis_store.signal(signal.SIGSTOP)
    try:
        await fleet.shows("ScalingActive", "False", "RedisUnreachable")
        address = redis_store.url.rsplit("@", 1)[1].split("/")[0]
        assert address in await message(fleet, "ScalingActive")
        await fleet.shows("Fallback", "True")
        assert await fleet.has("Ready", "True"), "a gap in the census is not the workload's fault"
        await eventually(lambda: fleet.replicas_are(4), "the fallback's replicas did not come")
    finally:
        redis_store.signal(signal.SIGCONT)
    await fleet.shows("ScalingActive", "True")
    await fleet.shows("Fallback", "False")
    status = str(await fleet.status())
    assert redis_store.url.split(":")[2].split("@")[0] not in status, "the password is in the status"


async def test_an_empty_redis_is_no_empty_house(operator: Process, fleet: Fleet, redis_store: Store) -> None:
    await out_to(fleet, 3, 30)
    for server in fleet.servers.values():
        server.silent = True
    async with Redis.from_url(fleet.redis_url) as redis:
        await redis.flushall()
        await redis.publish(f"chess:{{{fleet.uid}}}:census", "x")
    await fleet.shows("ScalingActive", "False", "CensusIncomplete")
    assert await fleet.replicas() == 3
    assert not draining(fleet)
    for server in fleet.servers.values():
        server.silent, server.sent = False, None
    await fleet.shows("ScalingActive", "True")
    assert await fleet.replicas() == 3


async def test_a_silent_pod_keeps_the_fleet_from_scaling_in(operator: Process, fleet: Fleet) -> None:
    await out_to(fleet, 3, 30)
    first, *others = fleet.servers.values()
    first.silent = True
    # Its record lives for 15 s; from then on the census is incomplete.
    await fleet.shows("ScalingActive", "False", "CensusIncomplete")
    for server in others:
        server.connections = 0

    async def counted() -> bool:
        return (await fleet.status()).get("connections") == 0

    await eventually(counted, "the connections are not counted")
    assert await fleet.replicas() == 3
    assert not draining(fleet)
    first.silent = False
    await eventually(lambda: len(draining(fleet)) == 2, "with everybody known again, two are too many")


async def test_a_missing_secret_is_named_and_noticed_when_it_comes(operator: Process, fleet: Fleet) -> None:
    await fleet.kube._write("DELETE", SECRETS.path(fleet.namespace, "redis"))
    await fleet.create()
    await fleet.shows("Ready", "False", "SecretNotFound")
    assert f"{fleet.namespace}/redis" in await message(fleet, "Ready")
    assert "'url'" in await message(fleet, "Ready")
    assert await fleet.deployment() is None
    await eventually(lambda: fleet.events("SecretNotFound"), "there is no event SecretNotFound")
    await fleet.kube.create(SECRETS, fleet.namespace, secret("redis", fleet.namespace, fleet.redis_url))
    await fleet.settled(1)
    await fleet.shows("Ready", "True")
    assert await fleet.has("Degraded", "False")


async def test_a_missing_key_is_named_with_those_that_are_there(operator: Process, fleet: Fleet) -> None:
    await fleet.create(database={"urlSecretRef": {"name": "database", "key": "dsn"}})
    await fleet.shows("Ready", "False", "SecretNotFound")
    assert "has no key 'dsn' (it has: url)" in await message(fleet, "Ready")


async def test_a_secret_that_is_no_url_is_refused_without_showing_it(operator: Process, fleet: Fleet) -> None:
    made = secret("odd", fleet.namespace, "hunter2")
    await fleet.kube.create(SECRETS, fleet.namespace, made)
    await fleet.create(redis={"urlSecretRef": {"name": "odd", "key": "url"}})
    await fleet.shows("Ready", "False", "SecretInvalid")
    assert "redis://" in await message(fleet, "Ready")
    assert "hunter2" not in str(await fleet.status())
    assert "hunter2" not in operator.log.read_text()


async def test_an_unreachable_redis_is_named_by_address_only(operator: Process, fleet: Fleet) -> None:
    made = secret("far", fleet.namespace, "redis://:s3cret@127.0.0.1:1/0")
    await fleet.kube.create(SECRETS, fleet.namespace, made)
    await fleet.create(redis={"urlSecretRef": {"name": "far", "key": "url"}})
    await fleet.shows("ScalingActive", "False", "RedisUnreachable")
    assert "127.0.0.1:1" in await message(fleet, "ScalingActive")
    await eventually(lambda: fleet.has("Ready", "True"), "the workload runs all the same")
    assert "s3cret" not in str(await fleet.status())
    assert "s3cret" not in operator.log.read_text()


async def test_an_image_that_cannot_be_pulled_is_reported_and_cleared(
    operator: Process, fleet: Fleet
) -> None:
    fleet.waiting = "ImagePullBackOff"
    await fleet.create()
    await fleet.shows("Degraded", "True", "ImagePullBackOff")
    assert "pod arena-blue-" in await message(fleet, "Degraded")
    assert "as the kubelet says" in await message(fleet, "Degraded")
    assert await fleet.has("Available", "False", "ImagePullBackOff")
    await eventually(lambda: fleet.events("ImagePullBackOff"), "there is no event ImagePullBackOff")
    # The user corrects the image; nobody plays, so the template is replaced at once.
    fleet.waiting = None
    await fleet.change(server={"image": "chesscluster:good"})
    await fleet.settled(1)
    await fleet.shows("Degraded", "False")
    assert await fleet.has("Available", "True")


async def test_an_object_of_the_same_name_that_is_not_ours_is_left_alone(
    operator: Process, fleet: Fleet
) -> None:
    theirs = {"metadata": {"name": fleet.name}, "spec": {"podSelector": {"matchLabels": {"app": "other"}}}}
    await fleet.kube.create(POLICIES, fleet.namespace, theirs)
    await fleet.create()
    await fleet.shows("Degraded", "True", "ApiError")
    assert f"networkpolicies/{fleet.name}" in await message(fleet, "Degraded")
    assert "conflict" in await message(fleet, "Degraded")
    found = await fleet.kube.get(POLICIES, fleet.namespace, fleet.name)
    assert found is not None
    assert found["spec"]["podSelector"] == theirs["spec"]["podSelector"]
    assert "ownerReferences" not in found["metadata"], "it would go with the ChessCluster"
    await fleet.kube._write("DELETE", POLICIES.path(fleet.namespace, fleet.name))
    await fleet.shows("Degraded", "False", within=60)
    await fleet.settled(1)


async def test_a_quota_that_forbids_pods_is_reported(operator: Process, fleet: Fleet) -> None:
    quota = {"metadata": {"name": "none"}, "spec": {"hard": {"pods": "0"}}}
    await fleet.kube.create(QUOTAS, fleet.namespace, quota)
    await fleet.create()
    await fleet.shows("Degraded", "True", "FailedCreate")
    assert "quota" in await message(fleet, "Degraded")


@pytest.mark.parametrize(
    "spec, words",
    [
        (
            {
                "scaling": {
                    "schedules": [
                        {
                            "name": "x",
                            "timezone": "Mars/Olympus",
                            "start": "0 18 * * 5",
                            "durationSeconds": 60,
                            "minReplicas": 1,
                        }
                    ]
                }
            },
            "Mars/Olympus",
        ),
    ],
    ids=["time zone"],
)
async def test_what_the_api_server_cannot_check_is_reported_by_the_operator(
    operator: Process, fleet: Fleet, spec: dict[str, Any], words: str
) -> None:
    await fleet.create(**spec)
    await fleet.shows("Ready", "False", "InvalidSpec")
    assert words in await message(fleet, "Ready")


async def test_a_service_account_must_be_allowed(operator: Process, fleet: Fleet) -> None:
    await fleet.create(server={"image": "x:1", "serviceAccountName": "admin"})
    await fleet.shows("Ready", "False", "ServiceAccountNotAllowed")
    assert "(allowed: default)" in await message(fleet, "Ready")
