"""The operator with rights in one namespace only: the Roles of manifests/operator/namespaced, and no ClusterRole."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import yaml
from api_server import apply
from operator_fleet import Fleet, draining, out_to
from operator_process import Process, start_operator
from polling import eventually

from chess_operator.api.resources.kinds import LEASES, POLICIES, Manifest
from chess_operator.api.resources.names import CLAIM_NAME, LEASE_NAME, SYSTEM_NAMESPACE
from chess_operator.install.objects import installation
from chess_operator.kube.claims import CLAIM_SECONDS
from chess_operator.kube.client import Kube

pytestmark = pytest.mark.integration
NARROW = "narrow"
START_SECONDS = 90.0


def rights(namespace: str) -> list[Manifest]:
    """Those of the installation, for another account and with the lease in the same namespace."""
    made = [one for one in installation((namespace,)) if one["kind"] in ("Role", "RoleBinding")]
    for one in made:
        one["metadata"]["namespace"] = namespace
        for subject in one.get("subjects", []):
            subject["name"] = NARROW
    return made


async def token_of(kube: Kube, namespace: str) -> str:
    meta = {"name": NARROW, "namespace": SYSTEM_NAMESPACE}
    await apply(kube, {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": meta})
    for one in rights(namespace):
        await apply(kube, one)
    answer = await kube._write(
        "POST",
        f"/api/v1/namespaces/{SYSTEM_NAMESPACE}/serviceaccounts/{NARROW}/token",
        body={"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}},
    )
    return str(answer["status"]["token"])


def write_config(path: Path, like: Path, token: str) -> None:
    config = yaml.safe_load(like.read_text())
    config["users"] = [{"name": config["users"][0]["name"], "user": {"token": token}}]
    path.write_text(yaml.safe_dump(config))


async def start_narrow(control_plane: Path, fleet: Fleet, directory: Path) -> Process:
    path = directory / "kubeconfig"
    write_config(path, control_plane, await token_of(fleet.kube, fleet.namespace))
    flags = (f"--namespace={fleet.namespace}", f"--lease-namespace={fleet.namespace}")
    return start_operator(path, directory, *flags)


@pytest.fixture
async def narrow(control_plane: Path, fleet: Fleet, tmp_path: Path) -> AsyncIterator[Process]:
    process = await start_narrow(control_plane, fleet, tmp_path)
    try:
        await eventually(process.leads, process.log.read_text, within=START_SECONDS)
        yield process
        assert process.popen.poll() is None, process.log.read_text()
    finally:
        process.end()
    log = process.log.read_text()
    assert "Traceback" not in log
    assert "orbidden" not in log


async def test_it_does_everything_with_the_rights_of_one_namespace(narrow: Process, fleet: Fleet) -> None:
    await out_to(fleet, 3, 30)
    fleet.share(5)
    await eventually(lambda: len(draining(fleet)) == 2, "two pods do not drain")
    for uid in draining(fleet):
        fleet.servers[uid].connections = 0
    await fleet.settled(1)
    await eventually(lambda: fleet.events("ScaledIn"), "there is no event ScaledIn")
    await fleet.change(networkPolicy={"enabled": False})

    async def taken_away() -> bool:
        return await fleet.kube.get(POLICIES, fleet.namespace, fleet.name) is None

    await eventually(taken_away, "the NetworkPolicy is still there")
    assert await fleet.has("Ready", "True")


async def test_an_operator_of_the_whole_cluster_stands_back_and_follows_when_the_other_is_gone(
    operator: Process, control_plane: Path, fleet: Fleet, tmp_path: Path
) -> None:
    own = await start_narrow(control_plane, fleet, tmp_path)
    try:
        await eventually(lambda: _claimed(fleet), own.log.read_text, within=START_SECONDS)
        await out_to(fleet, 2, 20)
        [note] = await fleet.events("ManagedElsewhere")
        assert f"{fleet.namespace}/{LEASE_NAME} looks after this namespace" in note
        assert f"{SYSTEM_NAMESPACE}/{LEASE_NAME} stands back" in note
        assert fleet.namespace in own.get("/metrics")[1]
        assert fleet.namespace not in operator.get("/metrics")[1]
    finally:
        own.end()
    fleet.share(30)
    await eventually(
        lambda: fleet.replicas_are(3), "nobody follows the claim's holder", within=4.0 * CLAIM_SECONDS
    )
    assert fleet.namespace in operator.get("/metrics")[1]


async def _claimed(fleet: Fleet) -> bool:
    return await fleet.kube.get(LEASES, fleet.namespace, CLAIM_NAME) is not None
