"""Lifting deletion protection: what a service answers when it is slow, refuses, or has lost the resource."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from chess_stacks.account import failure
from chess_stacks.account.backoff import Backoff
from chess_stacks.account.records import Deployed, Resource
from chess_stacks.destroy import protection, readers

STACK = Deployed(name="chess-prod-data-rds", stack_id="arn:1", status="CREATE_COMPLETE")


class Account:
    """Stands where `Clients` and `Cloud` do: stubbed clients, and a stack that holds what the test gives it."""

    region = "us-east-1"

    def __init__(self, *held: tuple[str, str, str]) -> None:
        self.stubs: dict[str, tuple[Any, Stubber]] = {}
        self.held = [
            Resource(logical_id=name, resource_type=kind, physical_id=physical, status="CREATE_COMPLETE")
            for name, kind, physical in held
        ]

    def get(self, service: str, _region: str) -> Any:
        if service not in self.stubs:
            keys = {"aws_access_key_id": "none", "aws_secret_access_key": "none"}
            client = boto3.Session().client(service, region_name=self.region, **keys)
            self.stubs[service] = client, Stubber(client)
            self.stubs[service][1].activate()
        return self.stubs[service][0]

    def stub(self, service: str) -> Stubber:
        self.get(service, self.region)
        return self.stubs[service][1]

    @property
    def client(self) -> Any:
        return self.get("cloudformation", self.region)

    def resources(self, _stack: str) -> list[Resource]:
        return self.held

    def find(self, stack: Deployed = STACK, kept: frozenset[str] = frozenset()) -> list[str]:
        found = protection.find(self, self, "data", stack, kept)  # type: ignore[arg-type]
        return [item.logical_id for item in found]

    def lift(self, kind: str, physical: str) -> None:
        item = protection.Protected(key="data", logical_id="It", resource_type=kind, physical_id=physical)
        backoff = Backoff(sleep=lambda _seconds: None)
        protection.lift(self, self, [item], backoff)  # type: ignore[arg-type]


@pytest.fixture
def made() -> Iterator[list[Account]]:
    """Collect accounts, and see in the end that every queued answer was asked for."""
    accounts: list[Account] = []
    yield accounts
    for account in accounts:
        for _, stub in account.stubs.values():
            stub.assert_no_pending_responses()


def account(made: list[Account], *held: tuple[str, str, str]) -> Account:
    made.append(Account(*held))
    return made[-1]


CLUSTER = ("Cluster", "AWS::RDS::DBCluster", "players")
KUBERNETES = ("Kubernetes", "AWS::EKS::Cluster", "chess-prod")


def test_what_has_no_such_flag_is_not_asked(made: list[Account]) -> None:
    assert account(made, ("Bucket", "AWS::S3::Bucket", "b"), ("Half", "AWS::RDS::DBCluster", "")).find() == []


def test_what_somebody_deleted_already_is_not_protected(made: list[Account]) -> None:
    gone = account(made, CLUSTER, KUBERNETES)
    gone.stub("rds").add_client_error("describe_db_clusters", "DBClusterNotFoundFault")
    gone.stub("eks").add_client_error("describe_cluster", "ResourceNotFoundException")
    assert gone.find() == []


def test_what_the_user_gives_up_may_stay_protected(made: list[Account]) -> None:
    assert account(made, CLUSTER).find(kept=frozenset({"Cluster"})) == []


def test_a_missing_permission_to_look_stops_before_anything_is_deleted(made: list[Account]) -> None:
    blind = account(made, CLUSTER)
    blind.stub("rds").add_client_error("describe_db_clusters", "AccessDenied", "rds:DescribeDBClusters")
    with pytest.raises(failure.Failure, match=r"asking whether Cluster .* a permission is missing"):
        blind.find()


def test_eks_is_waited_for_until_the_flag_is_off(made: list[Account]) -> None:
    slow = account(made)
    update = {"id": "u1", "status": "InProgress"}
    asked = {"name": "chess-prod", "deletionProtection": False}
    slow.stub("eks").add_response("update_cluster_config", {"update": update}, asked)
    for status in ("InProgress", "Successful"):
        answer = {"update": {**update, "status": status}}
        slow.stub("eks").add_response("describe_update", answer, {"name": "chess-prod", "updateId": "u1"})
    slow.lift("AWS::EKS::Cluster", "chess-prod")


def test_eks_that_fails_to_lift_reports_why(made: list[Account]) -> None:
    stuck = account(made)
    errors = [{"errorCode": "AccessDenied", "errorMessage": "the role is gone"}]
    update = {"id": "u1", "status": "Failed", "errors": errors}
    stuck.stub("eks").add_response("update_cluster_config", {"update": update})
    with pytest.raises(failure.Failure, match=r"protection of chess-prod: the role is gone; .*same command"):
        stuck.lift("AWS::EKS::Cluster", "chess-prod")


@pytest.mark.parametrize(
    "kind,service,method,asked",
    [
        (
            "AWS::RDS::DBInstance",
            "rds",
            "modify_db_instance",
            {"DBInstanceIdentifier": "it", "DeletionProtection": False, "ApplyImmediately": True},
        ),
        (
            "AWS::RDS::DBCluster",
            "rds",
            "modify_db_cluster",
            {"DBClusterIdentifier": "it", "DeletionProtection": False, "ApplyImmediately": True},
        ),
        (
            "AWS::ElasticLoadBalancingV2::LoadBalancer",
            "elbv2",
            "modify_load_balancer_attributes",
            {
                "LoadBalancerArn": "it",
                "Attributes": [{"Key": "deletion_protection.enabled", "Value": "false"}],
            },
        ),
        (
            "AWS::CloudFormation::Stack",
            "cloudformation",
            "update_termination_protection",
            {"StackName": "it", "EnableTerminationProtection": False},
        ),
    ],
    ids=["instance", "cluster", "load balancer", "stack"],
)
def test_each_service_is_asked_in_its_own_words(
    made: list[Account], kind: str, service: str, method: str, asked: dict[str, Any]
) -> None:
    calm = account(made)
    calm.stub(service).add_response(method, {}, asked)
    calm.lift(kind, "it")


def deletes(account: Account) -> list[str]:
    reported: list[str] = []
    readers.remove(account, account, STACK.name, reported.append)  # type: ignore[arg-type]
    return reported


def members(*names: str) -> dict[str, Any]:
    return {"DBClusters": [{"DBClusterMembers": [{"DBInstanceIdentifier": name} for name in names]}]}


def test_readers_that_autoscaling_made_go_before_their_cluster(made: list[Account]) -> None:
    grown = account(made, CLUSTER)
    theirs = f"{readers.PREFIX}0a1b"
    grown.stub("rds").add_response("describe_db_clusters", members("writer-1", theirs))
    target = {
        "ServiceNamespace": "rds",
        "ResourceId": "cluster:players",
        "ScalableDimension": "rds:cluster:ReadReplicaCount",
    }
    grown.stub("application-autoscaling").add_response("deregister_scalable_target", {}, target)
    wanted = {"DBInstanceIdentifier": theirs, "SkipFinalSnapshot": True}
    grown.stub("rds").add_response("delete_db_instance", {}, wanted)
    assert deletes(grown) == [theirs]


def test_a_second_run_finds_them_on_their_way_and_the_target_gone(made: list[Account]) -> None:
    again = account(made, CLUSTER)
    again.stub("rds").add_response("describe_db_clusters", members(f"{readers.PREFIX}0a1b"))
    again.stub("application-autoscaling").add_client_error(
        "deregister_scalable_target", "ObjectNotFoundException"
    )
    again.stub("rds").add_client_error("delete_db_instance", "InvalidDBInstanceState")
    assert deletes(again) == [f"{readers.PREFIX}0a1b"]


def test_a_cluster_without_such_readers_keeps_its_target(made: list[Account]) -> None:
    plain = account(made, CLUSTER, ("Gone", "AWS::RDS::DBCluster", "gone"))
    plain.stub("rds").add_response("describe_db_clusters", members("writer-1", "reader-1"))
    plain.stub("rds").add_client_error("describe_db_clusters", "DBClusterNotFoundFault")
    assert deletes(plain) == []
