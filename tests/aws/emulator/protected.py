"""Deletion protection, which ministack keeps for databases and load balancers, and whose stacks do not heed it.

AWS refuses to delete what is protected, whoever asks, CloudFormation too. EKS' flag is unknown to ministack: it is put
into the cluster, and UpdateClusterConfig and DescribeUpdate are answered as EKS does, with a change that takes a while.
"""

import json
import re
from collections.abc import Callable
from typing import Any

from ministack.services import alb, eks, rds

JsonObject = dict[str, Any]
CLUSTER = "AWS::EKS::Cluster"
FLAG = "deletionProtection"
_CONFIG = re.compile(r"/clusters/([\w-]+)/update-config")
_UPDATE = re.compile(r"/clusters/([\w-]+)/updates/(\d+)")


def apply(handlers: dict[str, JsonObject]) -> None:
    """Have the handlers of stacks refuse to delete what is protected."""
    for type_name, protected in _PROTECTED.items():
        _heed(handlers[type_name], protected)
    _keep_the_flag(handlers[CLUSTER])
    _answer_updates()


def _load_balancer(arn: str) -> bool:
    attributes = {item["Key"]: item["Value"] for item in alb._lb_attrs.get(arn, [])}
    return attributes.get("deletion_protection.enabled") == "true"


_PROTECTED: dict[str, Callable[[str], bool]] = {
    "AWS::RDS::DBInstance": lambda name: bool(rds._instances.get(name, {}).get("DeletionProtection")),
    "AWS::RDS::DBCluster": lambda name: bool(rds._clusters.get(name, {}).get("DeletionProtection")),
    CLUSTER: lambda name: bool((eks._clusters.get(name) or {}).get(FLAG)),
    "AWS::ElasticLoadBalancingV2::LoadBalancer": _load_balancer,
}


def _heed(entry: JsonObject, protected: Callable[[str], bool]) -> None:
    delete = entry["delete"]

    def deleted(physical_id: str, props: JsonObject) -> None:
        if protected(physical_id):
            raise ValueError(f"{physical_id} cannot be deleted while deletion protection is enabled")
        delete(physical_id, props)

    entry["delete"] = deleted


def _keep_the_flag(entry: JsonObject) -> None:
    """Put the template's DeletionProtection into the cluster, where DescribeCluster reads it."""
    for verb in ("create", "update"):
        entry[verb] = _flagged(entry[verb], of_new=verb == "update")


def _flagged(handle: Callable[..., Any], *, of_new: bool) -> Callable[..., Any]:
    def handled(name: str, *given: Any, **more: Any) -> Any:
        made = handle(name, *given, **more)
        props = given[1] if of_new else given[0]
        eks._clusters[made[0]][FLAG] = str(props.get("DeletionProtection", False)).lower() == "true"
        return made

    return handled


def _answer_updates() -> None:
    answer = eks._handle_request_sync

    def answered(method: str, path: str, headers: Any, body: bytes, query: Any) -> Any:
        if method == "POST" and (asked := _CONFIG.fullmatch(path)):
            cluster = eks._clusters[asked[1]]
            cluster[FLAG] = bool(json.loads(body)[FLAG])
            cluster["_asked"] = 0
            return _update("1", "InProgress")
        if method == "GET" and (asked := _UPDATE.fullmatch(path)):
            cluster = eks._clusters[asked[1]]
            cluster["_asked"] += 1
            return _update(asked[2], "InProgress" if cluster["_asked"] < 2 else "Successful")
        return answer(method, path, headers, body, query)

    eks._handle_request_sync = answered


def _update(number: str, status: str) -> Any:
    update = {"id": number, "status": status, "type": "DeletionProtectionUpdate"}
    return eks._json_resp(200, {"update": update})
