"""An environment's whole life against the emulator, for every profile, through the real command line and boto3.

Handlers generated from registry schemas stand in for the types that the emulator lacks: they have no data plane and no
drift, so drift is looked for on types that the emulator has itself.
"""

from typing import Any

import pytest

from chess_stacks.profile.load import NAMES, load

from .conftest import CommandLine

pytestmark = [pytest.mark.aws, pytest.mark.timeout(240)]
# The emulator refuses any value with this word in it, as AWS refuses what is not to be had in a region.
BAD_VALUE = {"cache": {"node_type": "cache.unobtainable.large"}}


def results(document: Any) -> dict[str, str]:
    return {stack["stack"]: stack["result"] for stack in document["stacks"]}


def other_instances(name: str) -> dict[str, Any]:
    """Change the first node group's sizes, which only a replacement can."""
    groups = [
        {
            "name": group.name,
            "capacity": group.capacity,
            "arch": group.arch,
            "ami": group.ami,
            "instance_types": ["r7g.xlarge"],
            "min_size": group.min_size,
            "desired_size": group.desired_size,
            "max_size": group.max_size,
            "disk_gib": group.disk_gib,
        }
        for group in load(name).eks.groups
    ]
    return {"eks": {"groups": groups}}


def other_database(name: str) -> dict[str, Any]:
    kind = load(name).database.kind
    if kind == "aurora":
        return {"database": {"kind": "rds", "version": "17.9"}}
    return {"database": {"kind": "aurora", "version": "17.9", "capacity": "serverless"}}


def change_sets(chess: CommandLine) -> list[str]:
    cloud = chess.client("cloudformation")
    found: list[str] = []
    for stack in chess.statuses():
        summaries = cloud.list_change_sets(StackName=stack)["Summaries"]
        found += [entry["ChangeSetName"] for entry in summaries if entry["ExecutionStatus"] == "AVAILABLE"]
    return found


@pytest.mark.parametrize("name", NAMES)
def test_a_life_from_deploy_to_destroy(chess: CommandLine, name: str) -> None:
    given = ("--profile", name, "--output", "json")

    created = chess.run("deploy", *given)
    assert created.code == 0, created.out
    assert set(results(created.document).values()) == {"created"}
    assert set(chess.statuses().values()) == {"CREATE_COMPLETE"}

    assert chess.run("diff", *given).code == 0
    again = chess.run("deploy", *given)
    assert set(results(again.document).values()) == {"unchanged"}

    _replaces_a_node_group(chess, name, given)
    _refuses_to_lose_data(chess, name, given)
    _rolls_back_a_bad_value(chess, name, given)
    _sees_drift(chess, name, given)
    _is_destroyed(chess, name, given)


def _replaces_a_node_group(chess: CommandLine, name: str, given: tuple[str, ...]) -> None:
    overlay = other_instances(name)
    before = _physical(chess, f"chess-{name}-eks-nodes", "AWS::EKS::Nodegroup")
    shown = chess.run("diff", *given, overlay=overlay)
    assert shown.code == 2
    (nodes,) = [stack for stack in shown.document["stacks"] if stack["stack"] == "eks-nodes"]
    graded = {change["type"]: change for change in nodes["changes"]}["AWS::EKS::Nodegroup"]
    assert graded["grade"] == "replace"
    assert {prop["name"]: prop["grade"] for prop in graded["properties"]}["InstanceTypes"] == "replace"

    updated = chess.run("deploy", *given, overlay=overlay)
    assert updated.code == 0, updated.out
    assert results(updated.document)["eks-nodes"] == "updated"
    after = _physical(chess, f"chess-{name}-eks-nodes", "AWS::EKS::Nodegroup")
    assert not before & after
    assert chess.run("deploy", *given).code == 0


def _refuses_to_lose_data(chess: CommandLine, name: str, given: tuple[str, ...]) -> None:
    before = chess.statuses()
    refused = chess.run("deploy", *given, overlay=other_database(name))
    assert refused.code == 3
    assert "lose data" in refused.document["error"]
    assert "--allow-replace data-rds/" in refused.document["advice"]
    assert chess.statuses() == before
    assert change_sets(chess) == []


def _rolls_back_a_bad_value(chess: CommandLine, name: str, given: tuple[str, ...]) -> None:
    failed = chess.run("deploy", *given, overlay=BAD_VALUE)
    assert failed.code == 1
    (cache,) = [stack for stack in failed.document["stacks"] if stack["stack"] == "data-cache"]
    assert cache["status"] == "UPDATE_ROLLBACK_COMPLETE"
    assert "not available in this region" in cache["reason"]
    assert "rolled back" in cache["advice"]
    recovered = chess.run("deploy", *given)
    assert recovered.code == 0
    assert results(recovered.document)["data-cache"] == "unchanged"


def _sees_drift(chess: CommandLine, name: str, given: tuple[str, ...]) -> None:
    assert chess.run("drift", *given).code == 0
    parameter = f"/chess/{name}/network/VpcCidr"
    store = chess.client("ssm")
    original = store.get_parameter(Name=parameter)["Parameter"]["Value"]
    store.put_parameter(Name=parameter, Value="10.99.0.0/16", Type="String", Overwrite=True)
    drifted = chess.run("drift", *given)
    assert drifted.code == 2
    found = {resource["logical_id"] for stack in drifted.document["stacks"] for resource in stack["drifted"]}
    assert found == {"PublishedVpcCidr"}
    store.put_parameter(Name=parameter, Value=original, Type="String", Overwrite=True)
    assert chess.run("drift", *given).code == 0


def _is_destroyed(chess: CommandLine, name: str, given: tuple[str, ...]) -> None:
    unconfirmed = chess.run("destroy", *given, "--confirm", "somewhere-else")
    assert unconfirmed.code == 3
    assert f"--confirm {name}" in unconfirmed.document["advice"]
    extra: tuple[str, ...] = ()
    if load(name).database.deletion_protection:
        _is_protected(chess, name, given)
        extra = ("--unprotect",)
    gone = chess.run("destroy", *given, "--confirm", name, "--no-drain", *extra)
    assert gone.code == 0, gone.out
    assert set(results(gone.document).values()) == {"deleted"}
    assert set(chess.statuses().values()) <= {"DELETE_COMPLETE"}
    assert chess.run("destroy", *given, "--confirm", name, "--no-drain").document["stacks"] == []


def _is_protected(chess: CommandLine, name: str, given: tuple[str, ...]) -> None:
    """Every protection there is, named before anything is touched."""
    before = chess.statuses()
    refused = chess.run("destroy", *given, "--confirm", name)
    assert refused.code == 3
    assert f"stack chess-{name}-data-rds" in refused.document["error"]
    assert "data-rds/Cluster (AWS::RDS::DBCluster " in refused.document["error"]
    assert f"eks-control/Cluster (AWS::EKS::Cluster chess-{name})" in refused.document["error"]
    assert "--unprotect" in refused.document["advice"]
    assert chess.statuses() == before


def _physical(chess: CommandLine, stack: str, kind: str) -> set[str]:
    summaries = chess.client("cloudformation").list_stack_resources(StackName=stack)["StackResourceSummaries"]
    return {entry["PhysicalResourceId"] for entry in summaries if entry["ResourceType"] == kind}
