"""A program of the cluster: how it is started and where it listens."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Component:
    """One program to run; `port` must be free before it starts."""

    name: str
    argv: tuple[str, ...]
    port: tuple[str, int] | None = None
    env: Mapping[str, str] = field(default_factory=dict)
