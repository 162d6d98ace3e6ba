"""Rules on values that cfn-lint lets through though AWS refuses them: EKS versions, add-ons, node groups, caches."""

import re
from collections.abc import Iterator
from typing import Final

from chess_stacks.parts import registry
from chess_stacks.profile import facts
from chess_stacks.rules.finding import Finding
from chess_stacks.rules.template import Body, of_type

_INLINE: Final = 51_200
_UPLOADED: Final = 1_000_000
_RESOURCES: Final = 500


def eks_version(stack: str, body: Body) -> Iterator[Finding]:
    """Refuse a Kubernetes version below the window of standard support."""
    oldest = min(map(_minor, facts.EKS_STANDARD_SUPPORT_ENDS))
    for logical_id, properties in of_type(body, "AWS::EKS::Cluster"):
        version = str(properties.get("Version", ""))
        if not re.fullmatch(r"1\.\d+", version) or _minor(version) < oldest:
            yield Finding(
                stack=stack,
                rule="C030",
                resource=logical_id,
                message=f"Version {version!r}: allowed 1.{oldest} or newer (table of {facts.EKS_TABLE_READ})",
            )


def _minor(version: str) -> int:
    return int(version.partition(".")[2])


def addons(stack: str, body: Body) -> Iterator[Finding]:
    """Refuse an add-on that EKS does not have, and a conflict mode that creation does not take."""
    for logical_id, properties in of_type(body, "AWS::EKS::Addon"):
        name = properties.get("AddonName")
        if name not in facts.ADDONS:
            allowed = ", ".join(facts.ADDONS)
            yield Finding(
                stack=stack,
                rule="C031",
                resource=logical_id,
                message=f"AddonName {name!r}: allowed {allowed}",
            )
        if properties.get("ResolveConflicts") == "PRESERVE":
            yield Finding(
                stack=stack,
                rule="C031",
                resource=logical_id,
                message="ResolveConflicts PRESERVE is refused on creation; allowed NONE, OVERWRITE",
            )


def node_groups(stack: str, body: Body) -> Iterator[Finding]:
    """Refuse impossible sizes, and a physical name, which a replacement would clash with."""
    for logical_id, properties in of_type(body, "AWS::EKS::Nodegroup"):
        scaling = properties.get("ScalingConfig", {})
        low, wanted, high = (int(scaling.get(key, 0)) for key in ("MinSize", "DesiredSize", "MaxSize"))
        if not low <= wanted <= high or not high:
            yield Finding(
                stack=stack,
                rule="C032",
                resource=logical_id,
                message=f"sizes {low} ≤ {wanted} ≤ {high} do not hold",
            )
        if "NodegroupName" in properties:
            yield Finding(
                stack=stack,
                rule="C032",
                resource=logical_id,
                message="NodegroupName would clash on replacement",
            )


def cache_engines(stack: str, body: Body) -> Iterator[Finding]:
    """Refuse a cache engine or version that ElastiCache does not have."""
    kinds = ("AWS::ElastiCache::ReplicationGroup", "AWS::ElastiCache::ServerlessCache")
    for logical_id, properties in of_type(body, *kinds):
        engine = properties.get("Engine")
        if engine not in facts.CACHE_ENGINES:
            allowed = ", ".join(facts.CACHE_ENGINES)
            yield Finding(
                stack=stack, rule="C033", resource=logical_id, message=f"Engine {engine!r}: allowed {allowed}"
            )


def sizes(stack: str, body: Body, region: str) -> Iterator[Finding]:
    """Refuse node sizes that the region does not have; cfn-lint looks at databases and single instances only."""
    for logical_id, kind, wanted in _sizes(body):
        offered = registry.sizes(kind, region)
        if offered and wanted not in offered:
            message = f"{wanted} is not available in {region}"
            yield Finding(stack=stack, rule="C034", resource=logical_id, message=message)


def _sizes(body: Body) -> Iterator[tuple[str, str, str]]:
    for logical_id, properties in of_type(body, "AWS::ElastiCache::ReplicationGroup"):
        yield logical_id, "cache", str(properties.get("CacheNodeType"))
    for logical_id, properties in of_type(body, "AWS::EKS::Nodegroup"):
        for wanted in properties.get("InstanceTypes", ()):
            yield logical_id, "instance", str(wanted)


def limits(stack: str, body: Body, size: int) -> Iterator[Finding]:
    """Refuse what CloudFormation cannot take; bootstrap is sent inline, as there is no bucket yet."""
    most = _INLINE if stack == "bootstrap" else _UPLOADED
    if size > most:
        yield Finding(stack=stack, rule="C040", resource="", message=f"{size} bytes; allowed {most}")
    count = len(body["Resources"])
    if count > _RESOURCES:
        yield Finding(
            stack=stack, rule="C040", resource="", message=f"{count} resources; allowed {_RESOURCES}"
        )
