"""Stacks, events and resources as values: what CloudFormation answers, typed at the edge. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployed:
    """A stack as the account has it."""

    name: str
    stack_id: str
    status: str
    reason: str = ""
    parameters: Mapping[str, str] = field(default_factory=dict)
    outputs: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    protected: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One stack event."""

    event_id: str
    logical_id: str
    resource_type: str
    physical_id: str
    status: str
    reason: str
    at: datetime
    token: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """One resource of a stack."""

    logical_id: str
    physical_id: str
    resource_type: str
    status: str
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """What a change set is made of."""

    stack: str
    kind: str
    body: str
    url: str | None
    parameters: Mapping[str, str]
    tags: Mapping[str, str]
    role: str | None


def read_stack(entry: Mapping[str, Any]) -> Deployed:
    """Read an entry of DescribeStacks."""
    return Deployed(
        name=entry["StackName"],
        stack_id=entry.get("StackId", ""),
        status=entry["StackStatus"],
        reason=entry.get("StackStatusReason", ""),
        parameters={
            item["ParameterKey"]: item.get("ParameterValue", "") for item in entry.get("Parameters", ())
        },
        outputs={item["OutputKey"]: item["OutputValue"] for item in entry.get("Outputs", ())},
        tags={item["Key"]: item["Value"] for item in entry.get("Tags", ())},
        protected=bool(entry.get("EnableTerminationProtection", False)),
    )


def read_resource(entry: Mapping[str, Any]) -> Resource:
    """Read an entry of ListStackResources."""
    return Resource(
        logical_id=entry["LogicalResourceId"],
        physical_id=entry.get("PhysicalResourceId", ""),
        resource_type=entry["ResourceType"],
        status=entry["ResourceStatus"],
        reason=entry.get("ResourceStatusReason", ""),
    )


def read_event(entry: Mapping[str, Any]) -> Event:
    """Read an entry of DescribeStackEvents."""
    return Event(
        event_id=entry["EventId"],
        logical_id=entry.get("LogicalResourceId", ""),
        resource_type=entry.get("ResourceType", ""),
        physical_id=entry.get("PhysicalResourceId", ""),
        status=entry.get("ResourceStatus", ""),
        reason=entry.get("ResourceStatusReason", ""),
        at=entry["Timestamp"],
        token=entry.get("ClientRequestToken", ""),
    )
