"""Profile in, templates and manifest out: pure, with neither network nor credentials."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from chess_stacks.parts import names
from chess_stacks.parts.stack import Input, Stack
from chess_stacks.profile.model import Profile
from chess_stacks.synth import catalog

SCHEMA = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One stack of the manifest."""

    key: str
    name: str
    title: str
    region: str
    depends_on: tuple[str, ...]
    inputs: tuple[Input, ...]
    outputs: tuple[str, ...]
    resources: int
    size: int
    """Bytes of the compact JSON body."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Assembly:
    """Everything that synthesis yields for a profile: bodies by stack key, and the manifest in DAG order."""

    profile: Profile
    templates: Mapping[str, dict[str, Any]]
    manifest: tuple[Entry, ...]


def synthesize(profile: Profile) -> Assembly:
    """Generate every stack that the profile turns on."""
    graph = catalog.dependencies(profile)
    stacks = catalog.enabled(profile)
    bodies = {stack.key: _body(stack, profile) for stack in stacks}
    return Assembly(
        profile=profile,
        templates=bodies,
        manifest=tuple(_entry(stack, profile, graph[stack.key], bodies[stack.key]) for stack in stacks),
    )


def _body(stack: Stack, profile: Profile) -> dict[str, Any]:
    template = stack.build(profile)
    if template is None:  # pragma: no cover - the catalog leaves such stacks out
        raise ValueError(f"stack {stack.key} is turned off")
    body: dict[str, Any] = json.loads(template.to_json())
    return body


def _entry(stack: Stack, profile: Profile, needs: frozenset[str], body: dict[str, Any]) -> Entry:
    return Entry(
        key=stack.key,
        name=names.stack_name(profile.env, stack.key),
        title=stack.title,
        region=stack.region(profile),
        depends_on=tuple(sorted(needs)),
        inputs=stack.inputs(profile),
        outputs=tuple(sorted(body.get("Outputs", {}))),
        resources=len(body["Resources"]),
        size=len(json.dumps(body, separators=(",", ":"))),
    )
