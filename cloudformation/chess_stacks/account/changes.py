"""A change set as values: what DescribeChangeSet answers, typed at the edge. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

Recreation = Literal["Never", "Conditionally", "Always"]
_EMPTY_REASONS = ("didn't contain changes", "No updates are to be performed")


@dataclass(frozen=True, slots=True, kw_only=True)
class Detail:
    """One property or attribute that changes."""

    attribute: str
    name: str
    recreation: Recreation
    source: str = ""
    cause: str = ""
    before: str | None = None
    after: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One resource that changes."""

    action: str
    logical_id: str
    resource_type: str
    physical_id: str = ""
    replacement: str = ""
    policy_action: str = ""
    details: tuple[Detail, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeSet:
    """A change set that CloudFormation has finished making."""

    name: str
    changes: tuple[Change, ...]


def parse(entries: Iterable[Mapping[str, Any]]) -> tuple[Change, ...]:
    """Read the `Changes` of every page."""
    return tuple(_change(entry["ResourceChange"]) for entry in entries if "ResourceChange" in entry)


def is_empty(status_reason: str) -> bool:
    """Return whether a change set failed only because nothing changes."""
    return any(reason in status_reason for reason in _EMPTY_REASONS)


def _change(entry: Mapping[str, Any]) -> Change:
    return Change(
        action=entry["Action"],
        logical_id=entry["LogicalResourceId"],
        resource_type=entry["ResourceType"],
        physical_id=entry.get("PhysicalResourceId", ""),
        replacement=entry.get("Replacement", ""),
        policy_action=entry.get("PolicyAction", ""),
        details=tuple(_detail(detail) for detail in entry.get("Details", ())),
    )


def _detail(entry: Mapping[str, Any]) -> Detail:
    target = entry.get("Target", {})
    return Detail(
        attribute=target.get("Attribute", ""),
        name=target.get("Name", ""),
        recreation=target.get("RequiresRecreation", "Never"),
        source=entry.get("ChangeSource", ""),
        cause=entry.get("CausingEntity", ""),
        before=target.get("BeforeValue"),
        after=target.get("AfterValue"),
    )
