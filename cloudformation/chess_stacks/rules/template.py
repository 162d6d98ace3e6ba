"""Ways to look into a template body: resources by type, and every policy statement wherever it stands."""

from collections.abc import Iterator, Mapping
from typing import Any

Body = dict[str, Any]


def of_type(body: Body, *types: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield logical ids and properties of the resources of some types."""
    for logical_id, resource in body["Resources"].items():
        if resource["Type"] in types:
            yield logical_id, resource.get("Properties", {})


def statements(body: Body) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield logical id and statement, for each statement of each policy in the template."""
    for logical_id, resource in body["Resources"].items():
        for found in _statements(resource.get("Properties", {})):
            yield logical_id, found


def _statements(node: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(node, list):
        for item in node:
            yield from _statements(item)
    elif isinstance(node, dict):
        for key, value in node.items():
            if key == "Statement" and isinstance(value, list):
                yield from (item for item in value if isinstance(item, dict) and "Effect" in item)
            else:
                yield from _statements(value)


def listed(value: Any) -> list[Any]:
    """Turn IAM's one-or-many into many."""
    return value if isinstance(value, list) else [value]


def reference(value: Any) -> str | None:
    """Return the logical id or parameter that a Ref or GetAtt points to."""
    if not isinstance(value, dict):
        return None
    if "Ref" in value:
        return str(value["Ref"])
    target = value.get("Fn::GetAtt")
    return str(target[0]) if isinstance(target, list) else None
