"""Drift: what was changed outside CloudFormation, without what the operator may change."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from chess_stacks.account import weights
from chess_stacks.account.backoff import Backoff
from chess_stacks.account.cloudformation import CloudFormation
from chess_stacks.account.failure import Failure

_FOUND = ("MODIFIED", "DELETED")


@dataclass(frozen=True, slots=True, kw_only=True)
class PropertyDrift:
    """One property that is not as the template has it."""

    path: str
    kind: str
    expected: str
    actual: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceDrift:
    """One resource that is not as the template has it."""

    logical_id: str
    resource_type: str
    physical_id: str
    status: str
    properties: tuple[PropertyDrift, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StackDrift:
    """A stack's drift, what was left out of it, and what could not be checked."""

    key: str
    name: str
    drifted: tuple[ResourceDrift, ...]
    ignored: tuple[str, ...]
    unchecked: tuple[str, ...]
    """Resource types whose drift CloudFormation (or the emulator) cannot detect."""


def detect(cloud: CloudFormation, key: str, name: str, backoff: Backoff) -> StackDrift:
    """Have CloudFormation detect drift, wait for it, and sort what it found."""
    detection = cloud.client.detect_stack_drift(StackName=name)["StackDriftDetectionId"]
    turn = 0
    while True:
        answer = cloud.client.describe_stack_drift_detection_status(StackDriftDetectionId=detection)
        if answer["DetectionStatus"] != "DETECTION_IN_PROGRESS":
            break
        backoff.pause(turn)
        turn += 1
    if answer["DetectionStatus"] == "DETECTION_FAILED" and "StackDriftStatus" not in answer:
        raise Failure(
            f"{name}: drift detection failed: {answer.get('DetectionStatusReason', 'no reason given')}"
        )
    return sort(key, name, _drifts(cloud, name), [item.resource_type for item in cloud.resources(name)])


def sort(key: str, name: str, entries: list[Mapping[str, Any]], types: list[str]) -> StackDrift:
    """Separate what matters from what the operator owns."""
    ignored: list[str] = []
    drifted: list[ResourceDrift] = []
    for entry in entries:
        properties = [_property(item) for item in entry.get("PropertyDifferences", ())]
        ours = [p for p in properties if not weights.owned_by_operator(entry["ResourceType"], p.path)]
        ignored += [f"{entry['LogicalResourceId']}{p.path}" for p in properties if p not in ours]
        if entry["StackResourceDriftStatus"] in _FOUND and (ours or not properties):
            drifted.append(_resource(entry, tuple(ours)))
    checked = {
        entry["ResourceType"]
        for entry in entries
        if entry["StackResourceDriftStatus"] not in ("NOT_CHECKED", "UNKNOWN", "UNSUPPORTED")
    }
    return StackDrift(
        key=key,
        name=name,
        drifted=tuple(drifted),
        ignored=tuple(ignored),
        unchecked=tuple(sorted(set(types) - checked)),
    )


def _drifts(cloud: CloudFormation, name: str) -> list[Mapping[str, Any]]:
    found: list[Mapping[str, Any]] = []
    arguments: dict[str, Any] = {"StackName": name}
    while True:
        answer = cloud.client.describe_stack_resource_drifts(**arguments)
        found += answer["StackResourceDrifts"]
        if "NextToken" not in answer:
            return found
        arguments["NextToken"] = answer["NextToken"]


def _resource(entry: Mapping[str, Any], properties: tuple[PropertyDrift, ...]) -> ResourceDrift:
    return ResourceDrift(
        logical_id=entry["LogicalResourceId"],
        resource_type=entry["ResourceType"],
        physical_id=entry.get("PhysicalResourceId", ""),
        status=entry["StackResourceDriftStatus"],
        properties=properties,
    )


def _property(item: Mapping[str, Any]) -> PropertyDrift:
    return PropertyDrift(
        path=item["PropertyPath"],
        kind=item["DifferenceType"],
        expected=item.get("ExpectedValue", ""),
        actual=item.get("ActualValue", ""),
    )
