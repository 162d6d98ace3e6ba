"""The status of an Argo CD Application, as far as the bench needs it. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """What Argo CD reports of an Application."""

    name: str
    sync: str
    revision: str
    health: str
    phase: str
    """Of the last operation: Running, Succeeded, Failed, Error."""
    failing: bool
    """Whether the last try of that operation has failed; Argo CD may wait for the time of the next one."""
    operated: str
    """The revision of the last operation."""
    message: str
    resources: tuple[tuple[str, str, str], ...]
    """Kind, name and health of every object."""

    @classmethod
    def of(cls, found: Mapping[str, Any]) -> Self:
        """Read it from the object."""
        status = found.get("status", {})
        operation = status.get("operationState", {})
        resources = status.get("resources", [])
        return cls(
            name=found["metadata"]["name"],
            sync=status.get("sync", {}).get("status", "Unknown"),
            revision=status.get("sync", {}).get("revision", ""),
            health=status.get("health", {}).get("status", "Missing"),
            phase=operation.get("phase", ""),
            failing=operation.get("phase") != "Succeeded" and "finishedAt" in operation,
            operated=(operation.get("syncResult") or {}).get("revision", ""),
            message=_message(operation),
            resources=tuple(
                (one["kind"], one["name"], one.get("health", {}).get("status", "")) for one in resources
            ),
        )

    def unlike(self, health: str, revision: str | None) -> str | None:
        """Return how it differs from Synced to the revision with that health; None if it does not."""
        good = self.sync == "Synced" and self.health == health and self.phase != "Running"
        if good and revision in (None, self.revision):
            return None
        return f"{self.name} is {self.sync} to {self.revision[:8]}, {self.health}, {self.phase}: {self.message[:300]}"


def _message(operation: Mapping[str, Any]) -> str:
    """Join the messages of the operation and of each object that failed."""
    results = (operation.get("syncResult") or {}).get("resources") or []
    failed = (one.get("message", "") for one in results if one.get("status") == "SyncFailed")
    return "; ".join(filter(None, (operation.get("message", ""), *failed)))
