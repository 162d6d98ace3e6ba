"""How much a change hurts, property by property: none, interrupt, replace or data-loss. Pure.

The grade of a resource is the worst of its properties'. Replacing or removing a resource that holds data loses that
data, whatever snapshot is kept beside it, so only `--allow-replace` lets it through.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from chess_stacks.account.changes import Change, Detail, Recreation
from chess_stacks.parts.retention import STATEFUL

Lookup = Callable[[str, str], Recreation]


class Grade(IntEnum):
    """From harmless to fatal."""

    NONE = 0
    INTERRUPT = 1
    REPLACE = 2
    DATA_LOSS = 3

    @property
    def label(self) -> str:
        """The grade as it is printed."""
        return self.name.lower().replace("_", "-")


INTERRUPTS: Final = {
    "AWS::RDS::DBInstance": frozenset(
        {
            "DBInstanceClass",
            "EngineVersion",
            "DBParameterGroupName",
            "StorageType",
            "AllocatedStorage",
            "MultiAZ",
        }
    ),
    "AWS::RDS::DBCluster": frozenset({"EngineVersion", "DBClusterParameterGroupName", "Port"}),
    "AWS::ElastiCache::CacheCluster": frozenset(
        {"CacheNodeType", "EngineVersion", "CacheParameterGroupName"}
    ),
    "AWS::ElastiCache::ReplicationGroup": frozenset(
        {
            "CacheNodeType",
            "EngineVersion",
            "CacheParameterGroupName",
            "TransitEncryptionEnabled",
            "NumNodeGroups",
        }
    ),
    "AWS::EKS::Nodegroup": frozenset({"Version", "ReleaseVersion", "LaunchTemplate"}),
    "AWS::EKS::Addon": frozenset({"AddonVersion", "ConfigurationValues"}),
    "AWS::EKS::Cluster": frozenset({"Version"}),
    "AWS::EC2::EIP": frozenset({"InstanceId"}),
    "AWS::EC2::NatGateway": frozenset({"SecondaryAllocationIds"}),
    "AWS::ElasticLoadBalancingV2::LoadBalancer": frozenset({"Subnets", "SubnetMappings", "SecurityGroups"}),
}
"""Of the resource reference ("Update requires: Some interruptions"), read 2026-11-21."""
_WORST: Final[dict[Recreation, Grade]] = {
    "Never": Grade.NONE,
    "Conditionally": Grade.REPLACE,
    "Always": Grade.REPLACE,
}
_ORDER: Final[tuple[Recreation, ...]] = ("Never", "Conditionally", "Always")


@dataclass(frozen=True, slots=True, kw_only=True)
class GradedProperty:
    """One changing property with its grade."""

    detail: Detail
    grade: Grade
    certain: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class GradedChange:
    """One changing resource with its grade and the reason for it."""

    change: Change
    grade: Grade
    reason: str
    properties: tuple[GradedProperty, ...]


def grade(change: Change, schema: Lookup) -> GradedChange:
    """Grade one change; `schema` looks a property up in the registry schema."""
    properties = tuple(_grade_detail(change, detail, schema) for detail in change.details)
    result, reason = _verdict(change, properties)
    return GradedChange(change=change, grade=result, reason=reason, properties=properties)


def worst(changes: Iterable[GradedChange]) -> Grade:
    """Return the worst grade of many."""
    return max((graded.grade for graded in changes), default=Grade.NONE)


def _verdict(change: Change, properties: tuple[GradedProperty, ...]) -> tuple[Grade, str]:
    stateful = change.resource_type in STATEFUL
    if change.action in ("Add", "Import"):
        return Grade.NONE, "new"
    if change.action == "Remove":
        kept = (
            f" (kept: {change.policy_action.lower()})"
            if change.policy_action in ("Retain", "Snapshot")
            else ""
        )
        return (Grade.DATA_LOSS if stateful else Grade.INTERRUPT), f"removed from the template{kept}"
    found = max((prop.grade for prop in properties), default=Grade.NONE)
    if change.replacement == "True":
        found = max(found, Grade.REPLACE)
    if found < Grade.REPLACE:
        return found, "some interruption" if found is Grade.INTERRUPT else "in place"
    causes = ", ".join(sorted({prop.detail.name or prop.detail.attribute for prop in _causes(properties)}))
    certainty = "replaced" if _certain(change, properties) else "may be replaced"
    return (Grade.DATA_LOSS if stateful else Grade.REPLACE), f"{certainty} because of {causes or 'its type'}"


def _causes(properties: tuple[GradedProperty, ...]) -> list[GradedProperty]:
    return [prop for prop in properties if prop.grade >= Grade.REPLACE]


def _certain(change: Change, properties: tuple[GradedProperty, ...]) -> bool:
    return change.replacement == "True" or any(prop.certain for prop in _causes(properties))


def _grade_detail(change: Change, detail: Detail, schema: Lookup) -> GradedProperty:
    if detail.attribute != "Properties":
        return GradedProperty(detail=detail, grade=Grade.NONE, certain=True)
    known = schema(change.resource_type, detail.name)
    recreation = max(known, detail.recreation, key=_ORDER.index)
    found = _WORST[recreation]
    if found is Grade.NONE and detail.name in INTERRUPTS.get(change.resource_type, ()):
        found = Grade.INTERRUPT
    return GradedProperty(detail=detail, grade=found, certain=recreation == "Always")
