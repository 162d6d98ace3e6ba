"""Each rule of our own finds what it is there for, and leaves the shipped stacks alone."""

import copy
from collections.abc import Callable
from typing import Any

import pytest

from chess_stacks.parts.retention import STATEFUL
from chess_stacks.profile.load import load
from chess_stacks.rules import access, own, services, storage
from chess_stacks.synth.synthesis import Assembly, synthesize

Body = dict[str, Any]


def _set(stack: str, logical_id: str, **properties: Any) -> Callable[[dict[str, Body]], None]:
    def apply(bodies: dict[str, Body]) -> None:
        bodies[stack]["Resources"][logical_id]["Properties"].update(properties)

    return apply


def _drop(stack: str, logical_id: str, name: str) -> Callable[[dict[str, Body]], None]:
    def apply(bodies: dict[str, Body]) -> None:
        resource = bodies[stack]["Resources"][logical_id]
        (resource if name in resource else resource["Properties"]).pop(name)

    return apply


def _add(stack: str, kind: str, **properties: Any) -> Callable[[dict[str, Body]], None]:
    def apply(bodies: dict[str, Body]) -> None:
        bodies[stack]["Resources"]["Seeded"] = {"Type": kind, "Properties": properties}

    return apply


def _keep(stack: str, kind: str) -> Callable[[dict[str, Body]], None]:
    def apply(bodies: dict[str, Body]) -> None:
        kept = {"DeletionPolicy": "Snapshot", "UpdateReplacePolicy": "Snapshot"}
        bodies[stack]["Resources"]["Seeded"] = {"Type": kind, "Properties": {}, **kept}

    return apply


def _policy(**statement: Any) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **statement}]}


ANYBODY = _policy(Principal="*", Action="sts:AssumeRole")
WORLD = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "CidrIp": "0.0.0.0/0", "Description": "all"}
NOTE = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "CidrIp": "10.0.0.0/8"}
OUT = {"RouteTableId": {"Ref": "DataRoutes"}, "DestinationCidrBlock": "0.0.0.0/0", "NatGatewayId": "nat-1"}
SIZES = {"MinSize": 5, "DesiredSize": 1, "MaxSize": 3}

SEEDED: dict[str, tuple[str, str, Callable[[dict[str, Body]], None]]] = {
    "everything on everything": (
        "C001",
        "Seeded",
        _add("security", "AWS::IAM::ManagedPolicy", PolicyDocument=_policy(Action="*", Resource="*")),
    ),
    "a service on everything": (
        "C001",
        "Seeded",
        _add("security", "AWS::IAM::ManagedPolicy", PolicyDocument=_policy(Action=["s3:*"], Resource=["*"])),
    ),
    "a role without boundary": (
        "C002",
        "ClusterRole",
        _drop("eks-control", "ClusterRole", "PermissionsBoundary"),
    ),
    "a role for anybody": (
        "C003",
        "ClusterRole",
        _set("eks-control", "ClusterRole", AssumeRolePolicyDocument=ANYBODY),
    ),
    "roles without boundary": (
        "C004",
        "Seeded",
        _add(
            "security",
            "AWS::IAM::ManagedPolicy",
            PolicyDocument=_policy(Action=["iam:CreateRole"], Resource=["role/x"]),
        ),
    ),
    "more policy than IAM takes": (
        "C006",
        "ClusterRole",
        _set(
            "eks-control",
            "ClusterRole",
            Policies=[
                {"PolicyName": "own", "PolicyDocument": _policy(Action="eks:X", Resource=["r" * 10_240])}
            ],
        ),
    ),
    "any role passed on": (
        "C004",
        "Seeded",
        _add(
            "security", "AWS::IAM::ManagedPolicy", PolicyDocument=_policy(Action="iam:PassRole", Resource="*")
        ),
    ),
    "a password in clear": ("C005", "Cluster", _set("data-rds", "Cluster", MasterUserPassword="hunter2")),
    "a cluster in clear": ("C010", "Cluster", _set("data-rds", "Cluster", StorageEncrypted=False)),
    "a cache in clear": ("C010", "ReplicationGroup", _drop("data-cache", "ReplicationGroup", "KmsKeyId")),
    "a cache that cannot be encrypted": (
        "C010",
        "Seeded",
        _keep("data-cache", "AWS::ElastiCache::CacheCluster"),
    ),
    "a bucket in clear": ("C010", "WebBucket", _drop("edge-global", "WebBucket", "BucketEncryption")),
    "a log in clear": ("C010", "ClusterLogGroup", _drop("eks-control", "ClusterLogGroup", "KmsKeyId")),
    "etcd in clear": ("C010", "Cluster", _drop("eks-control", "Cluster", "EncryptionConfig")),
    "volumes in clear": (
        "C010",
        "SystemTemplate",
        _set("eks-nodes", "SystemTemplate", LaunchTemplateData={"BlockDeviceMappings": []}),
    ),
    "a key that does not rotate": ("C011", "DataKey", _drop("security", "DataKey", "EnableKeyRotation")),
    "data that goes by accident": ("C012", "Cluster", _drop("data-rds", "Cluster", "DeletionPolicy")),
    "logs that never expire": (
        "C012",
        "ClusterLogGroup",
        _drop("eks-control", "ClusterLogGroup", "RetentionInDays"),
    ),
    "an open port": ("C020", "Seeded", _add("security", "AWS::EC2::SecurityGroupIngress", **WORLD)),
    "a way out of the data subnets": ("C021", "Seeded", _add("network", "AWS::EC2::Route", **OUT)),
    "a public database": ("C022", "Writer", _set("data-rds", "Writer", PubliclyAccessible=True)),
    "a public load balancer": (
        "C022",
        "LoadBalancer",
        _set("edge-regional", "LoadBalancer", Scheme="internet-facing"),
    ),
    "a rule without a description": (
        "C023",
        "Seeded",
        _add("security", "AWS::EC2::SecurityGroupIngress", **NOTE),
    ),
    "old Kubernetes": ("C030", "Cluster", _set("eks-control", "Cluster", Version="1.20")),
    "no Kubernetes": ("C030", "Cluster", _set("eks-control", "Cluster", Version="latest")),
    "misspelt add-on": ("C031", "CorednsAddon", _set("eks-platform", "CorednsAddon", AddonName="core-dns")),
    "preserve on creation": (
        "C031",
        "CorednsAddon",
        _set("eks-platform", "CorednsAddon", ResolveConflicts="PRESERVE"),
    ),
    "impossible sizes": ("C032", "SystemNodes", _set("eks-nodes", "SystemNodes", ScalingConfig=SIZES)),
    "a name that clashes": ("C032", "SystemNodes", _set("eks-nodes", "SystemNodes", NodegroupName="system")),
    "a cache size that is none": (
        "C034",
        "ReplicationGroup",
        _set("data-cache", "ReplicationGroup", CacheNodeType="cache.none"),
    ),
    "a node size that is none": (
        "C034",
        "SystemNodes",
        _set("eks-nodes", "SystemNodes", InstanceTypes=["m7g.large", "m7g.tiny"]),
    ),
    "a cache engine that is none": (
        "C033",
        "ReplicationGroup",
        _set("data-cache", "ReplicationGroup", Engine="reddis"),
    ),
}


@pytest.fixture(scope="module")
def prod() -> Assembly:
    return synthesize(load("prod"))


def test_the_shipped_stacks_break_no_rule(prod: Assembly) -> None:
    assert own.inspect(prod) == ()


@pytest.mark.parametrize("rule, where, seed", SEEDED.values(), ids=SEEDED.keys())
def test_a_seeded_fault_is_found(
    rule: str, where: str, seed: Callable[[dict[str, Body]], None], prod: Assembly
) -> None:
    bodies = copy.deepcopy(dict(prod.templates))
    seed(bodies)
    found = own.inspect(Assembly(profile=prod.profile, templates=bodies, manifest=prod.manifest))
    assert {(finding.rule, finding.resource) for finding in found} == {(rule, where)}


@pytest.mark.parametrize("kind", sorted(STATEFUL))
def test_whatever_holds_data_has_a_policy_for_its_end(kind: str) -> None:
    bare = {"Resources": {"Seeded": {"Type": kind, "Properties": {"RetentionInDays": 7}}}}
    found = list(storage.retention("data", bare))
    assert [(finding.rule, finding.resource) for finding in found] == [("C012", "Seeded")]


def test_both_password_modes_at_once_are_refused() -> None:
    managed = {
        "Type": "AWS::RDS::DBInstance",
        "Properties": {
            "ManageMasterUserPassword": True,
            "MasterUserPassword": "{{resolve:secretsmanager:x:SecretString:password}}",
        },
    }
    found = list(access.secrets("data-rds", {"Resources": {"Primary": managed}}))
    assert [finding.message for finding in found] == ["has both password modes; AWS takes one"]


@pytest.mark.parametrize(
    "stack, size, count, refused",
    [
        ("bootstrap", 51_201, 1, True),
        ("bootstrap", 51_200, 1, False),
        ("network", 51_201, 1, False),
        ("network", 1_000_001, 1, True),
        ("network", 10, 501, True),
        ("network", 10, 500, False),
    ],
)
def test_what_cloudformation_cannot_take(stack: str, size: int, count: int, *, refused: bool) -> None:
    body = {"Resources": {f"R{number}": {"Type": "AWS::SNS::Topic"} for number in range(count)}}
    assert bool(list(services.limits(stack, body, size))) is refused


def test_every_exception_to_unlimited_power_has_a_reason_and_is_needed(prod: Assembly) -> None:
    used = set()
    for body in prod.templates.values():
        for logical_id, resource in body["Resources"].items():
            if resource["Type"] in {"AWS::KMS::Key", "AWS::IAM::ManagedPolicy"}:
                used |= {(logical_id, sid) for (known, sid) in access.UNLIMITED if known == logical_id}
    assert set(access.UNLIMITED) == used
    assert all(access.UNLIMITED.values())
