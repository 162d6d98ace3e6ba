"""The JSON Schema of a chart's values: what Helm checks before it renders."""
# ruff: noqa: INP001 - a script of the build, no package

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

ENUMS: dict[str, list[str]] = {
    "entry.type": ["ClusterIP", "NodePort", "LoadBalancer"],
    "externalSecrets.secretStoreRef.kind": ["SecretStore", "ClusterSecretStore"],
    "rbac.scope": ["cluster", "namespaced"],
}
FREE = frozenset({"resources", "gateway.parentRefs", "migrations.resources"})
"""Values that Kubernetes' own schema describes."""


def schema(root: Path, chart: str) -> dict[str, Any]:
    """Describe the values: types as the defaults have them, the ChessCluster's spec as the CRD has it."""
    values = yaml.safe_load((root / f"charts/{chart}/values.yaml").read_text())
    made = _object(
        {key: _typed(key, value) for key, value in values.items()} | {"global": {"type": "object"}}
    )
    if "spec" in values:
        made["properties"]["spec"] = _spec_schema(root)
    return {"$schema": "http://json-schema.org/draft-07/schema#", "title": f"Values of {chart}", **made}


def _object(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": False, "properties": dict(properties)}


def _typed(path: str, value: Any) -> dict[str, Any]:
    if path in ENUMS:
        return {"enum": ENUMS[path]}
    if path in FREE or value == {}:
        return {"type": "array" if isinstance(value, list) else "object"}
    if isinstance(value, dict):
        return _object({key: _typed(f"{path}.{key}", one) for key, one in value.items()})
    if value is None:
        return {"type": ["integer", "string", "null"]}
    names = {bool: "boolean", int: "integer", str: "string", list: "array"}
    return {"type": names[type(value)]}


def _spec_schema(root: Path) -> dict[str, Any]:
    crd = yaml.safe_load((root / "manifests/crd/chessclusters.yaml").read_text())
    found = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]
    made: dict[str, Any] = _json_schema(found)
    made["required"] = ["server"]  # the chart fills in the others
    return made


def _json_schema(node: Any) -> Any:
    """Turn Kubernetes' structural schema into JSON Schema; unknown fields are refused."""
    if not isinstance(node, dict):
        return [_json_schema(one) for one in node] if isinstance(node, list) else node
    made = {
        key: _json_schema(value)
        for key, value in node.items()
        if not key.startswith("x-") and key != "default"
    }
    if node.get("x-kubernetes-int-or-string"):
        made = {"type": ["integer", "string"]}
    if "properties" in node and isinstance(node.get("type"), str):
        made["properties"] = {key: _json_schema(value) for key, value in node["properties"].items()}
        made["additionalProperties"] = False
    return made
