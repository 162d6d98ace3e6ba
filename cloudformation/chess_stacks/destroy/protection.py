"""What refuses to be deleted: stacks by termination protection, and resources by the flag of their own service.

CloudFormation finds out about a protected database only when it comes to it, with half of the environment gone. So
`destroy` asks every service first, and where it may (`--unprotect`) lifts the flag through that service right before
the stack goes. A type that has such a flag is a row of `SWITCHES`.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from botocore import exceptions as aws

from chess_stacks.account import failure
from chess_stacks.account.backoff import Backoff
from chess_stacks.account.clients import Clients
from chess_stacks.account.cloudformation import CloudFormation
from chess_stacks.account.records import Deployed, Resource
from chess_stacks.account.timeline import STACK

_ABSENT: Final = frozenset(
    {
        "DBInstanceNotFound",
        "DBInstanceNotFoundFault",
        "DBClusterNotFoundFault",
        "ResourceNotFoundException",
        "LoadBalancerNotFound",
        "LoadBalancerNotFoundException",
    }
)
_ELB_FLAG: Final = "deletion_protection.enabled"
_ENDED: Final = ("Successful", "Failed", "Cancelled")


@dataclass(frozen=True, slots=True, kw_only=True)
class Protected:
    """One stack or resource that refuses to be deleted as it stands."""

    key: str
    """The stack's key."""
    logical_id: str
    resource_type: str
    physical_id: str

    def __str__(self) -> str:
        """Name it as people look for it: the stack itself by name, a resource by stack and logical id."""
        if self.resource_type == STACK:
            return f"stack {self.physical_id}"
        return f"{self.key}/{self.logical_id} ({self.resource_type} {self.physical_id})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Switch:
    """How one service reports a resource's protection, and how to turn it off."""

    service: str
    on: Callable[[Any, str], bool]
    lift: Callable[[Any, str, Backoff], None]


def find(
    clients: Clients, cloud: CloudFormation, key: str, stack: Deployed, kept: frozenset[str]
) -> tuple[Protected, ...]:
    """Ask about a stack and all that it holds; what is `kept` in the account may stay protected."""
    itself = (_stack(key, stack),) if stack.protected else ()
    within = tuple(
        Protected(
            key=key,
            logical_id=item.logical_id,
            resource_type=item.resource_type,
            physical_id=item.physical_id,
        )
        for item in cloud.resources(stack.name)
        if item.logical_id not in kept and _is_on(clients, cloud.region, item)
    )
    return itself + within


def lift(clients: Clients, cloud: CloudFormation, protected: Iterable[Protected], backoff: Backoff) -> None:
    """Turn protection off, each through its own service, and wait until that is done."""
    for item in protected:
        if item.resource_type == STACK:
            cloud.client.update_termination_protection(
                StackName=item.physical_id, EnableTerminationProtection=False
            )
        else:
            switch = SWITCHES[item.resource_type]
            switch.lift(clients.get(switch.service, cloud.region), item.physical_id, backoff)


def _stack(key: str, stack: Deployed) -> Protected:
    return Protected(key=key, logical_id=stack.name, resource_type=STACK, physical_id=stack.name)


def _is_on(clients: Clients, region: str, item: Resource) -> bool:
    switch = SWITCHES.get(item.resource_type)
    if switch is None or not item.physical_id:
        return False
    try:
        return switch.on(clients.get(switch.service, region), item.physical_id)
    except aws.ClientError as error:
        if failure.code_of(error) in _ABSENT:  # somebody has deleted it already
            return False
        raise failure.explain(
            error, f"asking whether {item.logical_id} ({item.resource_type}) is protected"
        ) from error


def _instance_on(rds: Any, name: str) -> bool:
    (found,) = rds.describe_db_instances(DBInstanceIdentifier=name)["DBInstances"]
    return bool(found.get("DeletionProtection"))


def _instance_lift(rds: Any, name: str, _backoff: Backoff) -> None:
    rds.modify_db_instance(DBInstanceIdentifier=name, DeletionProtection=False, ApplyImmediately=True)


def _cluster_on(rds: Any, name: str) -> bool:
    (found,) = rds.describe_db_clusters(DBClusterIdentifier=name)["DBClusters"]
    return bool(found.get("DeletionProtection"))


def _cluster_lift(rds: Any, name: str, _backoff: Backoff) -> None:
    rds.modify_db_cluster(DBClusterIdentifier=name, DeletionProtection=False, ApplyImmediately=True)


def _kubernetes_on(eks: Any, name: str) -> bool:
    return bool(eks.describe_cluster(name=name)["cluster"].get("deletionProtection"))


def _kubernetes_lift(eks: Any, name: str, backoff: Backoff) -> None:
    """EKS changes a cluster in the background, and refuses to delete one that is being changed."""
    update = eks.update_cluster_config(name=name, deletionProtection=False)["update"]
    turn = 0
    while update["status"] not in _ENDED:
        backoff.pause(turn)
        update = eks.describe_update(name=name, updateId=update["id"])["update"]
        turn += 1
    if update["status"] != "Successful":
        reason = "; ".join(error.get("errorMessage", "") for error in update.get("errors", ()))
        raise failure.Failure(
            f"EKS did not lift the deletion protection of {name}: {reason or update['status']}",
            "read the cluster's updates, then run the same command",
        )


def _balancer_on(elb: Any, arn: str) -> bool:
    attributes = elb.describe_load_balancer_attributes(LoadBalancerArn=arn)["Attributes"]
    return {item["Key"]: item["Value"] for item in attributes}.get(_ELB_FLAG) == "true"


def _balancer_lift(elb: Any, arn: str, _backoff: Backoff) -> None:
    elb.modify_load_balancer_attributes(
        LoadBalancerArn=arn, Attributes=[{"Key": _ELB_FLAG, "Value": "false"}]
    )


SWITCHES: Final[Mapping[str, Switch]] = {
    "AWS::RDS::DBInstance": Switch(service="rds", on=_instance_on, lift=_instance_lift),
    "AWS::RDS::DBCluster": Switch(service="rds", on=_cluster_on, lift=_cluster_lift),
    "AWS::EKS::Cluster": Switch(service="eks", on=_kubernetes_on, lift=_kubernetes_lift),
    "AWS::ElasticLoadBalancingV2::LoadBalancer": Switch(
        service="elbv2", on=_balancer_on, lift=_balancer_lift
    ),
}
