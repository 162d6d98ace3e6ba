"""What a verb returns: one document for machines, one rendering for people, one exit code."""

import dataclasses
from enum import Enum
from typing import Any, Protocol

from rich.console import Console


class Report(Protocol):
    """The result of a verb."""

    @property
    def exit_code(self) -> int:
        """0 ok, 1 error, 2 changes, 3 refused."""

    def document(self) -> dict[str, Any]:
        """Return what `--output json` prints."""

    def render(self, console: Console) -> None:
        """Print it for people."""


def plain(value: Any) -> Any:
    """Turn values into JSON types: dataclasses to mappings, enums to labels, times to text."""
    if isinstance(value, Enum):
        return getattr(value, "label", value.value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, dict):
        return {str(key): plain(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(entry) for entry in value]
    return value if isinstance(value, str | int | float | bool | None) else str(value)
