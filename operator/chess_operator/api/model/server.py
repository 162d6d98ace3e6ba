"""`spec.server`, `spec.redis`, `spec.database`: what runs in a pod. `podTemplate` is an allow-list, secure by schema.

Not in it, and so refused: hostPath, privileged, host namespaces, further containers, commands, volumes.
"""

from functools import partial
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from chess_operator.api.model.rules import Model, Rule
from chess_operator.api.model.scalars import (
    QUANTITY,
    Image,
    LabelKey,
    LabelValue,
    ObjectName,
    Quantity,
    SecretKey,
    amount,
)

OPERATORS_VARIABLES = (
    "CHESS_ADMIN_PORT",
    "CHESS_CLUSTER_NAME",
    "CHESS_CLUSTER_UID",
    "CHESS_DATABASE_CA_FILE",
    "CHESS_DATABASE_URL_FILE",
    "CHESS_DRAIN_DEADLINE_SECONDS",
    "CHESS_LISTEN",
    "CHESS_MAX_CONNECTIONS",
    "CHESS_POD_IP",
    "CHESS_POD_NAME",
    "CHESS_POD_UID",
    "CHESS_PORT",
    "CHESS_RECONNECT_WINDOW_SECONDS",
    "CHESS_REDIS_CA_FILE",
    "CHESS_REDIS_URL_FILE",
    "CHESS_REVISION",
    "CHESS_TOKEN_KEYS_FILE",
)
"""What the operator gives a server itself. All other settings of the server are the user's."""
RESERVED_PREFIXES = (
    "chesscluster.dev/",
    "app.kubernetes.io/",
    "argocd.argoproj.io/",
    "controller.kubernetes.io/",
)
_RESERVED = r"^(chesscluster\.dev|app\.kubernetes\.io|argocd\.argoproj\.io|controller\.kubernetes\.io)/"


class SecretRef(Model):
    """A key of a Secret in the ChessCluster's namespace."""

    name: ObjectName = Field(description="The Secret.")
    key: SecretKey = Field(description="The key in it.")


class StoreRef(Model):
    """Where a store is reached. The URL, with its credentials, never leaves the Secret."""

    url_secret_ref: SecretRef = Field(
        description="Holds the URL, such as rediss://user:password@host:6379/0 or postgresql://user:password@host/chess."
    )
    ca_secret_ref: SecretRef | None = Field(
        default=None, description="Holds the PEM certificates to trust for it."
    )


def _quantity_rule(field: str) -> Rule:
    """Check in CEL what the type's pattern checks in Python: the API server's message for a pattern helps nobody."""
    return Rule(
        f"!has(self.{field}) || string(self.{field}).matches('{QUANTITY}')",
        lambda _: True,
        f"{field} {{{field}}} is not a quantity; give a number with an optional unit, such as 500m, 2 or 128Mi",
        field,
    )


class Amounts(Model):
    """Compute resources of one container."""

    rules: ClassVar[tuple[Rule, ...]] = (_quantity_rule("cpu"), _quantity_rule("memory"))

    cpu: Quantity | None = Field(default=None, description="Such as 500m; one replica uses one core at most.")
    memory: Quantity | None = Field(default=None, description="Such as 256Mi.")


def _within_limit(name: str) -> Rule:
    has = " && ".join(f"has(self.{side}) && has(self.{side}.{name})" for side in ("requests", "limits"))

    def holds(resources: Any) -> bool:
        request, limit = getattr(resources.requests, name, None), getattr(resources.limits, name, None)
        return request is None or limit is None or amount(request) <= amount(limit)

    return Rule(
        f"!({has} && isQuantity(string(self.requests.{name})) && isQuantity(string(self.limits.{name}))) || "
        f"quantity(string(self.requests.{name})).compareTo(quantity(string(self.limits.{name}))) <= 0",
        holds,
        f"requests.{name} must be at most limits.{name}",
        "requests",
    )


class Resources(Model):
    """As a container's, for what a game server uses."""

    rules: ClassVar[tuple[Rule, ...]] = (_within_limit("cpu"), _within_limit("memory"))

    requests: Amounts | None = None
    limits: Amounts | None = None


class KeyRef(Model):
    """A key of a Secret or ConfigMap in the same namespace."""

    name: ObjectName = Field(description="The Secret or ConfigMap.")
    key: SecretKey = Field(description="The key in it.")
    optional: bool = Field(default=False, description="Whether a pod may start without it.")


class EnvSource(Model):
    """Where a variable's value comes from."""

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "has(self.secretKeyRef) != has(self.configMapKeyRef)",
            lambda source: (source.secret_key_ref is None) != (source.config_map_key_ref is None),
            "give either secretKeyRef or configMapKeyRef",
        ),
    )

    secret_key_ref: KeyRef | None = None
    config_map_key_ref: KeyRef | None = None


class Env(Model):
    """A further environment variable."""

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            f"!(self.name in [{', '.join(repr(name) for name in OPERATORS_VARIABLES)}])",
            lambda env: env.name not in OPERATORS_VARIABLES,
            "name {name} is reserved: the operator sets it",
            "name",
        ),
        Rule(
            "!(has(self.value) && has(self.valueFrom))",
            lambda env: env.value is None or env.value_from is None,
            "give either value or valueFrom, not both",
        ),
    )

    name: Annotated[str, Field(min_length=1, max_length=253, pattern=r"^[-._a-zA-Z][-._a-zA-Z0-9]*$")] = (
        Field(description="Not one of those that the operator sets; the server's other settings may be set.")
    )
    value: Annotated[str, Field(max_length=4096)] | None = Field(default=None, description="Not for secrets.")
    value_from: EnvSource | None = None


class Toleration(Model):
    """As a pod's."""

    key: LabelKey | None = Field(
        default=None, description="The taint's key; any, with Exists, when not given."
    )
    operator: Literal["Exists", "Equal"] = Field(default="Equal", description="How the value is compared.")
    value: LabelValue | None = Field(default=None, description="The taint's value.")
    effect: Literal["NoSchedule", "PreferNoSchedule", "NoExecute"] | None = Field(
        default=None, description="The taint's effect; any when not given."
    )
    toleration_seconds: Annotated[int, Field(ge=0, le=86_400)] | None = Field(
        default=None, description="How long a NoExecute taint is tolerated."
    )


class Spread(Model):
    """A topology spread constraint for the ChessCluster's own pods."""

    max_skew: Annotated[int, Field(ge=1, le=1000)] = Field(
        default=1, description="By how many pods two topologies may differ."
    )
    topology_key: LabelKey = Field(description="The node label that distinguishes topologies.")
    when_unsatisfiable: Literal["ScheduleAnyway", "DoNotSchedule"] = Field(
        default="ScheduleAnyway", description="What happens to a pod that would increase the skew."
    )


class PullSecret(Model):
    """A Secret with registry credentials."""

    name: ObjectName = Field(description="The Secret.")


def _unreserved(field: str, metadata: "PodMetadata") -> bool:
    return not any(key.startswith(RESERVED_PREFIXES) for key in getattr(metadata, field))


class PodMetadata(Model):
    """Further labels and annotations of the pods."""

    rules: ClassVar[tuple[Rule, ...]] = tuple(
        Rule(
            f"!has(self.{field}) || self.{field}.all(k, !k.matches('{_RESERVED}'))",
            partial(_unreserved, field),
            f"{field} that begin with {', '.join(RESERVED_PREFIXES)} are reserved; choose a prefix of your own",
            field,
        )
        for field in ("labels", "annotations")
    )

    labels: Annotated[dict[LabelKey, LabelValue], Field(max_length=32)] = Field(
        default_factory=dict, description="Labels, besides the operator's own."
    )
    annotations: Annotated[dict[LabelKey, Annotated[str, Field(max_length=4096)]], Field(max_length=32)] = (
        Field(default_factory=dict, description="Annotations, besides the operator's own.")
    )


class PodSpec(Model):
    """The fields of a pod's spec that may be set."""

    node_selector: Annotated[dict[LabelKey, LabelValue], Field(max_length=32)] = Field(
        default_factory=dict, description="Labels that a node must have."
    )
    tolerations: Annotated[tuple[Toleration, ...], Field(max_length=32)] = Field(
        default=(), description="Taints that the pods tolerate."
    )
    topology_spread_constraints: Annotated[
        tuple[Spread, ...], Field(max_length=8, json_schema_extra={"x-list-key": "topologyKey"})
    ] = Field(
        default=(), description="Replaces the operator's own: evenly over nodes and zones, where possible."
    )
    image_pull_secrets: Annotated[
        tuple[PullSecret, ...], Field(max_length=8, json_schema_extra={"x-list-key": "name"})
    ] = Field(default=(), description="Credentials for the image's registry.")
    priority_class_name: ObjectName | None = Field(
        default=None, description="A PriorityClass of the cluster."
    )
    runtime_class_name: ObjectName | None = Field(default=None, description="A RuntimeClass of the cluster.")


class PodTemplate(Model):
    """Overrides for the pods, an allow-list."""

    metadata: PodMetadata = PodMetadata()
    spec: PodSpec = PodSpec()


class Server(Model):
    """The game server."""

    image: Image = Field(
        description="Container image: a digest or an immutable tag, because a tag that moves goes unnoticed."
    )
    image_pull_policy: Literal["Always", "IfNotPresent", "Never"] = Field(
        default="IfNotPresent", description="As a container's."
    )
    resources: Resources = Field(
        default=Resources(), description="Without any: requests of 50m CPU and 96Mi memory."
    )
    env: Annotated[tuple[Env, ...], Field(max_length=64, json_schema_extra={"x-list-key": "name"})] = Field(
        default=(), description="Further environment variables."
    )
    service_account_name: ObjectName | None = Field(
        default=None,
        description="One that the operator's settings allow; default: the namespace's own. Its token is not mounted.",
    )
    pod_template: PodTemplate = PodTemplate()
