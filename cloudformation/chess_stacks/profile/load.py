"""Read a profile: one of the four that the package ships, with a user's YAML over it.

What AWS would refuse is refused here, with the field's path, the value and what is allowed.
"""

from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Any, TypeGuard

import yaml
from pydantic import TypeAdapter, ValidationError

from chess_stacks.profile import checks
from chess_stacks.profile.model import Profile

NAMES = ("hackathon", "dev", "staging", "prod")
BY_OVERLAY = "set by the overlay"


class ProfileError(Exception):
    """A profile that cannot be used; one line for each problem."""


_ADAPTER = TypeAdapter(Profile)


def load(name: str, overlay: Path | None = None, env: str | None = None) -> Profile:
    """Read a shipped profile, lay `overlay` over it, name the environment `env` (default: the profile's own name)."""
    return overlaid(name, read_overlay(overlay) if overlay else {}, env)


def overlaid(name: str, overlay: dict[str, Any], env: str | None = None) -> Profile:
    """Do as `load`, with an overlay that has been read."""
    if name not in NAMES:
        raise ProfileError(f"profile: {name!r} is refused; allowed: {', '.join(NAMES)}")
    shipped = (
        resources.files("chess_stacks.profile")
        .joinpath("profiles", f"{name}.yaml")
        .read_text(encoding="utf-8")
    )
    base = {"env": name, **yaml.safe_load(shipped), "name": name}
    tree = {**merge(base, overlay), "why": reasons(base, overlay)}
    return parse({**tree, **({"env": env} if env else {})})


def reasons(base: dict[str, Any], over: dict[str, Any]) -> Any:
    """Return the reason for each setting: the profile's own goes where an overlay sets another value."""
    given = over.get("why", {})
    if not isinstance(given, dict):
        return given  # for the check that follows to refuse
    changed = set(_changed(base, {key: value for key, value in over.items() if key != "why"}, ""))
    kept = {
        path: reason
        for path, reason in base.get("why", {}).items()
        if not any(path == other or path.startswith(f"{other}.") for other in changed)
    }
    return {**kept, **dict.fromkeys(changed, BY_OVERLAY), **given}


def _changed(base: dict[str, Any], over: dict[str, Any], path: str) -> Iterator[str]:
    """Yield the paths that an overlay sets to another value; all of a section where its `kind` differs."""
    for key, value in over.items():
        below, place = base.get(key), f"{path}.{key}" if path else str(key)
        if _alike(below, value):
            yield from _changed(below, value, place)
        elif below != value:
            yield place
            yield from _changed({}, value, place) if isinstance(value, dict) else ()


def read_overlay(path: Path) -> dict[str, Any]:
    """Read a user's YAML file as a mapping; `{}` for an empty one."""
    try:
        tree = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as wrong:
        raise ProfileError(f"overlay {path}: {wrong.strerror or wrong}") from None
    except (yaml.YAMLError, UnicodeDecodeError) as wrong:
        raise ProfileError(f"overlay {path}: not valid YAML: {' '.join(str(wrong).split())}") from None
    if tree is None:
        return {}
    if not isinstance(tree, dict):
        raise ProfileError(
            f"overlay {path}: {type(tree).__name__} at the top; allowed: a mapping of profile fields"
        )
    return tree


def merge(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    """Lay one tree over another: mappings merge, all else replaces; another `kind` starts from that kind's defaults."""
    merged = dict(base)
    for key, value in over.items():
        below = base.get(key)
        merged[key] = merge(below, value) if _alike(below, value) else value
    return merged


def _alike(below: Any, value: Any) -> TypeGuard[dict[str, Any]]:
    if not isinstance(below, dict) or not isinstance(value, dict):
        return False
    return bool(value.get("kind", below.get("kind")) == below.get("kind"))


def parse(tree: dict[str, Any]) -> Profile:
    """Check a whole tree and freeze it."""
    try:
        profile = _ADAPTER.validate_python(tree)
    except ValidationError as wrong:
        raise ProfileError("\n".join(_line(error) for error in wrong.errors())) from None
    found = checks.problems(profile)
    if found:
        raise ProfileError("\n".join(map(str, found)))
    return profile


_KINDS = {(1, "rds"), (1, "aurora")}
"""What pydantic puts behind `database`: the kind that it tried, which is not a field."""


def _step(part: Any) -> str:
    if isinstance(part, int):
        return f"[{part}]"
    return f".{part}" if str(part).isprintable() else f".{part!r}"


def _line(error: Any) -> str:
    parts = [part for rank, part in enumerate(error["loc"]) if (rank, part) not in _KINDS]
    path = "".join(_step(part) for part in parts).lstrip(".")
    if error["type"] in {"extra_forbidden", "unexpected_keyword_argument"}:
        return f"{path}: unknown field"
    if error["type"] in {"missing", "missing_argument", "missing_keyword_only_argument"}:
        return f"{path}: missing"
    return f"{path}: {error['input']!r} is refused; {error['msg'][:1].lower()}{error['msg'][1:]}"
