"""Which properties only a replacement can change, by the registry schemas that cfn-lint ships.

CloudFormation says so too (`RequiresRecreation`), but vaguely for older types, so the grader takes the stricter of the
two. The files are read from cfn-lint's folder as they lie: importing cfn-lint itself costs three seconds.
"""

from __future__ import annotations

import functools
import importlib.util
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from chess_stacks.deploy.changes import Recreation

_PREFIX = "/properties/"
_HOME = "us-east-1"


def folder() -> Path:
    """Return where cfn-lint keeps its schemas."""
    found = importlib.util.find_spec("cfnlint")
    if (
        found is None or not found.submodule_search_locations
    ):  # pragma: no cover (a dependency of this package)
        raise ModuleNotFoundError("cfn-lint is not installed")
    return Path(found.submodule_search_locations[0]) / "data" / "schemas"


def recreation(region: str, resource_type: str, name: str) -> Recreation:
    """Tell what the schema says about a change of the top-level property `name`."""
    always, maybe = _create_only(region, resource_type)
    if name in always:
        return "Always"
    return "Conditionally" if name in maybe else "Never"


@functools.cache
def _create_only(region: str, resource_type: str) -> tuple[frozenset[str], frozenset[str]]:
    schema = _schema(region, resource_type)
    paths = [path.removeprefix(_PREFIX).split("/") for path in schema.get("createOnlyProperties", ())]
    conditional = [
        path.removeprefix(_PREFIX).split("/")[0] for path in schema.get("conditionalCreateOnlyProperties", ())
    ]
    always = frozenset(path[0] for path in paths if len(path) == 1)
    maybe = frozenset([path[0] for path in paths if len(path) > 1] + conditional)
    return always, maybe - always


def _schema(region: str, resource_type: str) -> dict[str, Any]:
    digest = _index(region).get(resource_type) or _index(_HOME).get(resource_type)
    if digest is None:
        return {}
    loaded: dict[str, Any] = json.loads(
        (folder() / "resources" / f"{digest}.json").read_text(encoding="utf-8")
    )
    return loaded


@functools.cache
def _index(region: str) -> dict[str, str]:
    path = folder() / "providers" / f"{region}.json"
    return dict(json.loads(path.read_text(encoding="utf-8"))) if path.exists() else {}
