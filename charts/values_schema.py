"""The JSON Schema of a chart's values: what Helm checks before it renders.

Types are those of the defaults. `FORMS` says more where a text must be a name, a key or a port: YAML reads `123` and
`on` as something else, and the API server's message comes late and names a field that no value is called by.
"""
# ruff: noqa: INP001 - a script of the build, no package

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

Form = dict[str, Any]

LABEL_VALUE = r"^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$"
GRAPHIC = r"[!-~]+"
PRINTABLE = "^[\t\n -~\u00a0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]*$"
"""What YAML can hold as it is."""
DNS_LABEL = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"
SUBDOMAIN = rf"{DNS_LABEL}(\.{DNS_LABEL})*"
QUALIFIED_NAME = rf"({SUBDOMAIN}/)?([A-Za-z0-9][-A-Za-z0-9_.]{{0,61}})?[A-Za-z0-9]"


STRING: Form = {"type": "string", "pattern": PRINTABLE}


def _text(pattern: str, longest: int, *, empty: bool = False) -> Form:
    whole = f"^({pattern})?$" if empty else f"^{pattern}$"
    return {"type": "string", "pattern": whole, "maxLength": longest}


def _map(value: Form) -> Form:
    keys = {"pattern": f"^{QUALIFIED_NAME}$", "maxLength": 253}
    return {"type": "object", "propertyNames": keys, "additionalProperties": value}


def _whole(lowest: int, highest: int) -> Form:
    return {"type": "integer", "minimum": lowest, "maximum": highest}


def _list(item: Form) -> Form:
    return {"type": "array", "items": item}


def _fields(*needed: str, **properties: Form) -> Form:
    return {
        "type": "object",
        "additionalProperties": False,
        "required": list(needed),
        "properties": properties,
    }


def _one_of(*values: str) -> Form:
    return {"enum": list(values)}


NAME = _text(SUBDOMAIN, 253)
NAMESPACE = _text(DNS_LABEL, 63)
WORD = _text(r"[A-Za-z]+", 63)
OPTIONAL_NAME = _text(SUBDOMAIN, 253, empty=True)
PREFIX = _text(r"[a-z]([-a-z0-9]*[a-z0-9])?", 50, empty=True)
KEY = _text(r"[-._a-zA-Z0-9]+", 253)
OPTIONAL_KEY = _text(r"[-._a-zA-Z0-9]+", 253, empty=True)
LABELS = _map({"type": "string", "pattern": LABEL_VALUE, "maxLength": 63})
ANNOTATIONS = _map(STRING)
NAMESPACES = {**_list(NAMESPACE), "uniqueItems": True}
IMAGE = _text(GRAPHIC, 1024)
REPOSITORY = _text(r"[a-z0-9]([-a-z0-9._:/]*[a-z0-9])?", 512, empty=True)
TAG = _text(r"[A-Za-z0-9_][-A-Za-z0-9_.]{0,127}", 128, empty=True)
DIGEST = _text(r"sha256:[0-9a-f]{64}", 71, empty=True)
PULL = _one_of("Always", "IfNotPresent", "Never")
REFRESH = _text(r"(0|([0-9]+(\.[0-9]+)?(ms|s|m|h))+)", 32)
SCRAPE = _text(r"[1-9][0-9]*(ms|s|m|h)", 32)
PATH = _text(r"/[-A-Za-z0-9._~!$&'()*+,;=:@%/]*", 1024)
HOST = r"(\*\.)?" + SUBDOMAIN
ENDPOINT = _text(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9]([-A-Za-z0-9.]*[A-Za-z0-9])?):[0-9]{1,5}", 300, empty=True)
REMOTE = _text(r"[-/_+=.@!:A-Za-z0-9]+", 2048, empty=True)
CERTIFICATES = {"type": "string", "pattern": "^(-----BEGIN CERTIFICATE-----|$)"}
QUANTITIES = _map(
    {"type": ["string", "number"], "pattern": r"^[0-9]+(\.[0-9]+)?(m|k|Ki|[MGTPE]i?)?$", "minimum": 0}
)
RESOURCES = _fields(requests=QUANTITIES, limits=QUANTITIES)
PULL_SECRETS = _list(_fields("name", name=NAME))
PARENTS = _list(
    _fields(
        "name", name=NAME, namespace=NAMESPACE, sectionName=NAME, port=_whole(1, 65535), group=NAME, kind=WORD
    )
)
TOLERATIONS = _list(
    _fields(
        key=_text(QUALIFIED_NAME, 253),
        operator=_one_of("Exists", "Equal"),
        value={"type": "string", "pattern": LABEL_VALUE, "maxLength": 63},
        effect=_one_of("NoSchedule", "PreferNoSchedule", "NoExecute"),
        tolerationSeconds=_whole(0, 86_400),
    )
)
SPREAD = _list(
    {
        "type": "object",
        "required": ["maxSkew", "topologyKey", "whenUnsatisfiable"],
        "properties": {
            "maxSkew": _whole(1, 1000),
            "topologyKey": _text(QUALIFIED_NAME, 253),
            "whenUnsatisfiable": _one_of("ScheduleAnyway", "DoNotSchedule"),
        },
    }
)
VARIABLES = _list(
    _fields(
        "name",
        name=_text(r"[-._a-zA-Z][-._a-zA-Z0-9]*", 253),
        value=STRING,
        valueFrom={"type": "object"},
    )
)
VOLUMES = _list({"type": "object", "required": ["name"], "properties": {"name": NAMESPACE}})
MOUNTS = _list(
    {
        "type": "object",
        "required": ["name", "mountPath"],
        "properties": {"name": NAMESPACE, "mountPath": _text(r"/[ -9;-~]*", 1024)},
    }
)
ANY: Form = {"type": "object"}
AFFINITY = _fields(nodeAffinity=ANY, podAffinity=ANY, podAntiAffinity=ANY)
STRATEGY = _fields(type=_one_of("RollingUpdate", "Recreate"), rollingUpdate=ANY)
RELABEL = (
    "Replace",
    "Keep",
    "Drop",
    "HashMod",
    "LabelMap",
    "LabelDrop",
    "LabelKeep",
    "Lowercase",
    "Uppercase",
)
RELABELINGS = _list(
    _fields(
        sourceLabels=_list(_text(r"[a-zA-Z_][a-zA-Z0-9_]*", 256)),
        separator=STRING,
        targetLabel=STRING,
        regex=STRING,
        replacement=STRING,
        modulus=_whole(0, 1_000_000),
        action=_one_of(*RELABEL, *(one.lower() for one in RELABEL)),
    )
)
STORE_NAMES = {"name": NAME, "key": KEY, "caKey": OPTIONAL_KEY}
EXTERNAL = {
    "remoteKey": REMOTE,
    "endpoint": ENDPOINT,
    "ca": CERTIFICATES,
    "caRemoteKey": REMOTE,
    "caProperty": _text(GRAPHIC, 512, empty=True),
}

FORMS: dict[str, Form] = {
    "nameOverride": PREFIX,
    "fullnameOverride": PREFIX,
    "image.repository": REPOSITORY,
    "image.tag": TAG,
    "image.digest": DIGEST,
    "image.reference": _text(GRAPHIC, 1024, empty=True),
    "image.pullPolicy": PULL,
    "image.pullSecrets": PULL_SECRETS,
    "commonLabels": LABELS,
    "annotations": ANNOTATIONS,
    **{
        f"secrets.{store}.{field}": form
        for store in ("redis", "database")
        for field, form in STORE_NAMES.items()
    },
    **{
        f"externalSecrets.{store}.{field}": form
        for store in ("redis", "database")
        for field, form in EXTERNAL.items()
    },
    "externalSecrets.refreshInterval": REFRESH,
    "externalSecrets.secretStoreRef.name": NAME,
    "externalSecrets.secretStoreRef.kind": _one_of("SecretStore", "ClusterSecretStore"),
    "externalSecrets.database.name": _text(r"[A-Za-z0-9_$-]+", 63),
    "externalSecrets.database.sslmode": _one_of("verify-full", "verify-ca", "require"),
    "gateway.parentRefs": PARENTS,
    "gateway.hostnames": _list(_text(HOST, 253)),
    "gateway.path": PATH,
    "ingress.className": NAME,
    "ingress.host": _text(HOST, 253, empty=True),
    "ingress.path": PATH,
    "ingress.annotations": ANNOTATIONS,
    "targetGroupBinding.blueArn": _text(GRAPHIC, 1024, empty=True),
    "targetGroupBinding.greenArn": _text(GRAPHIC, 1024, empty=True),
    "targetGroupBinding.loadBalancerSecurityGroup": _text(GRAPHIC, 255, empty=True),
    "entry.type": _one_of("ClusterIP", "NodePort", "LoadBalancer"),
    "entry.port": _whole(1, 65535),
    "entry.nodePort": {"type": ["integer", "null"], "minimum": 1, "maximum": 65535},
    "entry.ipFamilyPolicy": _one_of("SingleStack", "PreferDualStack", "RequireDualStack"),
    "entry.annotations": ANNOTATIONS,
    "migrations.activeDeadlineSeconds": _whole(1, 1_000_000),
    "migrations.backoffLimit": _whole(0, 1000),
    "removal.activeDeadlineSeconds": _whole(1, 1_000_000),
    "monitoring.namespace": _text(DNS_LABEL, 63, empty=True),
    "migrations.resources": RESOURCES,
    "trial.redis.image": IMAGE,
    "trial.postgres.image": IMAGE,
    "tests.timeoutSeconds": _whole(1, 100_000),
    "replicas": _whole(0, 100),
    "podLabels": LABELS,
    "podAnnotations": ANNOTATIONS,
    "resources": RESOURCES,
    "nodeSelector": LABELS,
    "tolerations": TOLERATIONS,
    "topologySpreadConstraints": SPREAD,
    "affinity": AFFINITY,
    "updateStrategy": STRATEGY,
    "extraVolumes": VOLUMES,
    "extraVolumeMounts": MOUNTS,
    "env": VARIABLES,
    "additionalArgs": _list(_text("--[ -~]+", 1024)),
    "priorityClassName": OPTIONAL_NAME,
    "allowedServiceAccounts": _list(NAME),
    "rbac.scope": _one_of("cluster", "namespaced"),
    "rbac.namespaces": NAMESPACES,
    "rbac.secretNamespaces": NAMESPACES,
    "serviceAccount.annotations": ANNOTATIONS,
    "monitoring.serviceMonitor.interval": SCRAPE,
    "monitoring.serviceMonitor.labels": LABELS,
    "monitoring.serviceMonitor.relabelings": RELABELINGS,
    "monitoring.serviceMonitor.metricRelabelings": RELABELINGS,
    "monitoring.prometheusRule.labels": LABELS,
    "monitoring.dashboard.labels": LABELS,
}
"""What a value must look like, by its path."""

ANYWHERE: dict[str, Form] = {"global": {"type": "object"}, "enabled": {"type": "boolean"}}
"""What Helm itself, and an umbrella chart's condition, put beside a chart's own values."""


def schema(root: Path, chart: str) -> dict[str, Any]:
    """Describe the values: the forms above, types of the defaults, and the ChessCluster's spec as the CRD has it."""
    values = yaml.safe_load((root / f"charts/{chart}/values.yaml").read_text())
    made = _object("", values)
    made["properties"] |= ANYWHERE
    if "spec" in values:
        made["properties"]["spec"] = _spec_schema(root)
    return {"$schema": "http://json-schema.org/draft-07/schema#", "title": f"Values of {chart}", **made}


def _object(path: str, values: Mapping[str, Any]) -> Form:
    """Describe a group of values. One that has a default cannot be taken away: templates count on it."""
    return {
        "type": "object",
        "additionalProperties": False,
        "required": [key for key, value in values.items() if value not in ("", None, [], {})],
        "properties": {key: _typed(f"{path}{key}", value) for key, value in values.items()},
    }


def _typed(path: str, value: Any) -> Form:
    if path in FORMS:
        return FORMS[path]
    if isinstance(value, dict) and value:
        return _object(f"{path}.", value)
    names = {bool: "boolean", int: "integer", str: "string", list: "array", dict: "object"}
    return {"type": names[type(value)]}


def _spec_schema(root: Path) -> Form:
    crd = yaml.safe_load((root / "manifests/crd/chessclusters.yaml").read_text())
    found = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]
    made: Form = _json_schema(found)
    made["required"] = ["server"]  # the chart fills in the others
    made["properties"]["server"]["required"] = []  # likewise the image
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
