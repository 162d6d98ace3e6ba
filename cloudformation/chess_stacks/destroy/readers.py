"""Aurora readers that autoscaling made: they belong to no stack, and a cluster that still has one cannot be deleted.

So before the database's stack is deleted, its cluster is taken off autoscaling, which would recreate them, and they are
deleted.
"""

from collections.abc import Callable
from typing import Any, Final

from botocore import exceptions as aws

from chess_stacks.account import failure
from chess_stacks.account.clients import Clients
from chess_stacks.account.cloudformation import CloudFormation

PREFIX: Final = "application-autoscaling-"
"""What Application Auto Scaling puts before the names of readers that it makes."""
_CLUSTER: Final = "AWS::RDS::DBCluster"


def remove(clients: Clients, cloud: CloudFormation, stack: str, notify: Callable[[str], None]) -> None:
    """Delete the readers of every Aurora cluster of a stack that autoscaling made."""
    clusters = [item.physical_id for item in cloud.resources(stack) if item.resource_type == _CLUSTER]
    for cluster in filter(None, clusters):
        rds = clients.get("rds", cloud.region)
        made = _made_by_autoscaling(rds, cluster)
        if made:
            _take_off(clients.get("application-autoscaling", cloud.region), cluster)
        for name in made:
            notify(name)
            _delete(rds, name)


def _made_by_autoscaling(rds: Any, cluster: str) -> list[str]:
    try:
        (found,) = rds.describe_db_clusters(DBClusterIdentifier=cluster)["DBClusters"]
    except aws.ClientError as error:
        if failure.code_of(error) == "DBClusterNotFoundFault":
            return []
        raise
    names = [str(member["DBInstanceIdentifier"]) for member in found.get("DBClusterMembers", ())]
    return [name for name in names if name.startswith(PREFIX)]


def _delete(rds: Any, name: str) -> None:
    try:
        rds.delete_db_instance(DBInstanceIdentifier=name, SkipFinalSnapshot=True)
    except aws.ClientError as error:
        if failure.code_of(error) not in (
            "InvalidDBInstanceState",
            "DBInstanceNotFound",
        ):  # on its way already
            raise


def _take_off(scaling: Any, cluster: str) -> None:
    try:
        scaling.deregister_scalable_target(
            ServiceNamespace="rds",
            ResourceId=f"cluster:{cluster}",
            ScalableDimension="rds:cluster:ReadReplicaCount",
        )
    except aws.ClientError as error:
        if failure.code_of(error) != "ObjectNotFoundException":
            raise
