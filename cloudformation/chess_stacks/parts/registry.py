"""CloudFormation's registry and IAM's actions, read from the copies that cfn-lint ships. No network.

`handler_permissions` are the actions that a resource type's own handlers declare; `scopes_to_resource` is
whether IAM lets an action be limited to a resource at all.
"""

import json
import re
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

_WELL_FORMED = re.compile(r"^[a-z0-9-]+:[A-Za-z0-9]+$")
_SIZES = {
    "cache": ("aws_elasticache_cachecluster", "cachenodetype_enum.json"),
    "instance": ("aws_ec2_instance", "instancetype_enum.json"),
}
_HANDLERS = ("create", "read", "update", "delete")
"""`list` serves the IaC generator, and not a deployment."""


class UnknownTypeError(LookupError):
    """A resource type that the shipped registry does not know."""


@cache
def schema(resource_type: str, region: str = "us-east-1") -> dict[str, Any]:
    """Read the registry schema of a resource type."""
    digest = _provider(region).get(resource_type)
    if digest is None:
        raise UnknownTypeError(f"{resource_type} is not in the registry of {region}")
    return _json("schemas", "resources", f"{digest}.json")


def handler_permissions(resource_type: str) -> frozenset[str]:
    """List what CloudFormation needs to create, read, update and delete the type; IAM knows each action."""
    handlers = schema(resource_type).get("handlers", {})
    named = (action for kind in _HANDLERS for action in handlers.get(kind, {}).get("permissions", ()))
    return frozenset(action for action in named if _WELL_FORMED.match(action) and is_action(action))


def sizes(kind: str, region: str) -> frozenset[str]:
    """List the node sizes that a region has; `kind` is "cache" or "instance". Empty: the region is not in the table."""
    found = _json("schemas", "extensions", *_SIZES[kind]).get(region, {})
    return frozenset(found.get("enum", ()))


def is_action(action: str) -> bool:
    """Return whether IAM knows the action."""
    service, _, verb = action.partition(":")
    return verb.lower() in _iam().get(service, {}).get("Actions", {})


def scopes_to_resource(action: str) -> bool:
    """Return whether a policy may name the resources that the action is for; if not, only `*` works."""
    service, _, verb = action.partition(":")
    return bool(_iam()[service]["Actions"][verb.lower()].get("Resources"))


@cache
def _provider(region: str) -> dict[str, str]:
    return dict(_json("schemas", "providers", f"{region}.json"))


@cache
def _iam() -> dict[str, Any]:
    return _json("AdditionalSpecs", "Policies.json")


@cache
def _json(*path: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(data_folder().joinpath(*path).read_text(encoding="utf-8"))
    return loaded


@cache
def data_folder() -> Path:
    """Return where cfn-lint keeps its data, without importing cfn-lint, which costs three seconds."""
    found = find_spec("cfnlint")
    if (
        found is None or not found.submodule_search_locations
    ):  # pragma: no cover - a dependency of this package
        raise ModuleNotFoundError("cfn-lint is not installed")
    return Path(found.submodule_search_locations[0]) / "data"
