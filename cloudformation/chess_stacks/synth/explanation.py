"""A profile in words: which stacks it turns on, and every setting with what it decides and why it is so. Pure."""

import dataclasses
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from chess_stacks.profile.model import Profile
from chess_stacks.synth import catalog


@dataclass(frozen=True, slots=True, kw_only=True)
class StackLine:
    """One stack, on or off."""

    key: str
    on: bool
    title: str
    resources: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One field of the profile."""

    path: str
    value: str
    meaning: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """A profile in words."""

    profile: str
    env: str
    region: str
    stacks: tuple[StackLine, ...]
    settings: tuple[Setting, ...]


def explain(profile: Profile) -> Explanation:
    """Describe a profile."""
    return Explanation(
        profile=profile.name,
        env=profile.env,
        region=profile.region,
        stacks=tuple(_line(stack.key, stack.title, stack.build(profile)) for stack in catalog.STACKS),
        settings=tuple(_settings(profile, "", profile.why)),
    )


def _line(key: str, title: str, template: Any) -> StackLine:
    resources = len(template.resources) if template is not None else 0
    return StackLine(key=key, on=template is not None, title=title, resources=resources)


def _settings(node: Any, path: str, why: dict[str, str]) -> Iterator[Setting]:
    for field in dataclasses.fields(node):
        if field.name == "why":
            continue
        value = getattr(node, field.name)
        below = f"{path}.{field.name}" if path else field.name
        if dataclasses.is_dataclass(value):
            yield from _settings(value, below, why)
        else:
            meaning = getattr(field.default, "description", None) or ""
            yield Setting(path=below, value=_show(value), meaning=meaning, why=why.get(below, ""))


def _show(value: Any) -> str:
    if isinstance(value, str | int | float) or value is None:
        return "—" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
    return json.dumps(value, default=_json)


def _json(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.asdict(value)
    return str(value)
