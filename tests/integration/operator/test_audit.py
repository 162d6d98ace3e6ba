"""The audit against a real API server, which cuts its listings into parts and gives the version that they are of."""

import uuid

import pytest
from api_server import NAMESPACES

from chess_operator.api.resources import labels
from chess_operator.api.resources.kinds import SERVICES, Manifest
from chess_operator.api.resources.names import Key
from chess_operator.kube import audit, client
from chess_operator.kube.client import Kube
from chess_operator.kube.mirror import Mirror

pytestmark = pytest.mark.integration


def service(namespace: str, name: str) -> Manifest:
    meta = {"name": name, "namespace": namespace, "labels": labels.child_labels("arena")}
    return {"metadata": meta, "spec": {"ports": [{"port": 80}]}}


async def test_a_listing_in_parts_brings_what_came_and_takes_what_went(
    kube: Kube, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "PAGE", 2)
    monkeypatch.setattr(audit, "GRACE_SECONDS", 0)
    namespace = f"t-{uuid.uuid4().hex[:8]}"
    await kube.create(NAMESPACES, None, {"metadata": {"name": namespace}})
    made = [await kube.create(SERVICES, namespace, service(namespace, f"s{number}")) for number in range(5)]
    mirror, key = Mirror(), Key(namespace, "arena")
    audited = audit.Audit(kube, mirror, [SERVICES], [namespace])
    assert await audited.check(SERVICES) == 5
    assert await audited.check(SERVICES) == 0
    await kube._write("DELETE", SERVICES.path(namespace, "s3"))
    late = await kube.create(SERVICES, namespace, service(namespace, "late"))
    assert await audited.check(SERVICES) == 2
    uids = {body["metadata"]["uid"] for body in mirror.all(SERVICES, key)}
    assert uids == {body["metadata"]["uid"] for body in (*made[:3], made[4], late)}
    await kube._write("DELETE", NAMESPACES.path(None, namespace))
