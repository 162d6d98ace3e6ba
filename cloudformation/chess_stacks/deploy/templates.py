"""Two templates side by side: which properties differ, from what to what. Pure.

A change set names the properties that change and what that costs, often without the values; this adds the values. What
could be a secret is blanked: our templates hold references to secrets only, but an old template may hold anything.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

_SECRET: Final = re.compile(r"(password|secretstring|authtoken|accesskey|privatekey)$", re.IGNORECASE)
_SECTIONS: Final = ("Parameters", "Conditions", "Mappings", "Outputs", "Rules", "Metadata")
_ATTRIBUTES: Final = ("Type", "DeletionPolicy", "UpdateReplacePolicy", "DependsOn", "Condition", "Metadata")
_WIDTH: Final = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One place that differs; `path` is dotted, `before` or `after` is None where there is nothing."""

    section: str
    logical_id: str
    path: str
    before: str | None
    after: str | None


def compare(old: Mapping[str, Any], new: Mapping[str, Any]) -> tuple[Difference, ...]:
    """List every difference, resources first."""
    return tuple(_resources(old.get("Resources", {}), new.get("Resources", {}))) + tuple(
        difference
        for section in _SECTIONS
        for difference in _section(section, old.get(section, {}), new.get(section, {}))
    )


def _resources(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Difference]:
    for logical_id in sorted({*old, *new}):
        before, after = old.get(logical_id), new.get(logical_id)
        if before is None or after is None:
            kind = (before or after or {}).get("Type")
            yield _difference("Resources", logical_id, "", before and kind, after and kind)
            continue
        yield from _walk(
            "Resources", logical_id, "", before.get("Properties", {}), after.get("Properties", {})
        )
        for attribute in _ATTRIBUTES:
            yield from _walk(
                "Resources", logical_id, f"@{attribute}", before.get(attribute), after.get(attribute)
            )


def _section(section: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Difference]:
    for key in sorted({*old, *new}):
        yield from _walk(section, key, "", old.get(key), new.get(key))


def _walk(section: str, logical_id: str, path: str, old: Any, new: Any) -> Iterator[Difference]:
    if old == new:
        return
    if isinstance(old, dict) and isinstance(new, dict) and not (_intrinsic(old) or _intrinsic(new)):
        for key in sorted({*old, *new}):
            below = f"{path}.{key}" if path else key
            yield from _walk(section, logical_id, below, old.get(key), new.get(key))
        return
    yield _difference(section, logical_id, path, old, new)


def _intrinsic(node: Mapping[str, Any]) -> bool:
    return len(node) == 1 and next(iter(node)).startswith(("Ref", "Fn::"))


def _difference(section: str, logical_id: str, path: str, old: Any, new: Any) -> Difference:
    hidden = bool(_SECRET.search(path))
    return Difference(
        section=section,
        logical_id=logical_id,
        path=path,
        before=_show(old, hidden=hidden),
        after=_show(new, hidden=hidden),
    )


def _show(value: Any, *, hidden: bool) -> str | None:
    if value is None:
        return None
    if hidden and isinstance(value, str) and not value.startswith("{{resolve:"):
        return "****"
    text = value if isinstance(value, str) else json.dumps(value, sort_keys=True)
    return text if len(text) <= _WIDTH else f"{text[: _WIDTH - 1]}…"
