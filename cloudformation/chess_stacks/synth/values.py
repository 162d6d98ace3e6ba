"""What the stacks hand to GitOps: Helm values of one environment, versioned and checked. Pure.

The charts and overlays read this document and nothing else of AWS. It names secrets and never holds one: each
is the ARN that the external-secrets operator reads. `values.v1.schema.json` is generated from the models below;
a field may be added within a version, and whatever else changes makes a new one.
"""

import json
from collections.abc import Mapping
from importlib import resources
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

VERSION: Final = 1
SCHEMA_FILE: Final = f"values.v{VERSION}.schema.json"

Arn = Annotated[str, Field(pattern=r"^arn:aws[a-z-]*:[a-z0-9-]+:[a-z0-9-]*:[0-9]{0,12}:.+$")]
SecretArn = Annotated[str, Field(pattern=r"^arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:.+$")]
Port = Annotated[int, Field(ge=1, le=65535)]
Text = Annotated[str, Field(min_length=1)]


class _Section(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, extra="forbid", frozen=True, populate_by_name=True)


class Cluster(_Section):
    """The EKS cluster that Argo CD deploys to."""

    name: Text
    arn: Arn
    endpoint: Text
    version: Text


class Network(_Section):
    """Where pods run."""

    vpc_id: Text
    cidr: Text
    app_security_group_id: Text


class Database(_Section):
    """PostgreSQL; the secret holds user and password."""

    host: Text
    reader_host: Text
    port: Port
    name: Text
    secret_arn: SecretArn


class Redis(_Section):
    """Redis or Valkey, always over TLS; the secret holds the password."""

    host: Text
    reader_host: Text
    port: Port
    cluster_mode: bool
    tls: Literal[True] = True
    user: Text
    secret_arn: SecretArn


class TargetGroups(_Section):
    """The two permanent colours."""

    blue: Arn
    green: Arn


class LoadBalancer(_Section):
    """The internal ALB; the operator owns the weights of the rule."""

    arn: Arn
    listener_arn: Arn
    listener_rule_arn: Arn
    security_group_id: Text
    target_groups: TargetGroups


class Web(_Section):
    """The web client: bucket to upload to, distribution to invalidate, name to open."""

    bucket: Text
    distribution_id: Text
    public_name: Text


class Roles(_Section):
    """IAM roles that Pod Identity already binds; for reference, no annotation needs them."""

    operator: Arn
    server: Arn
    load_balancer_controller: Arn
    external_secrets: Arn
    cloud_watch_agent: Arn | None = None
    karpenter: Arn | None = None


class Images(_Section):
    """ECR repositories."""

    server: Text
    operator: Text


class Values(_Section):
    """The whole document."""

    schema_version: Literal[1] = Field(alias="schema")
    environment: Text
    account: Annotated[str, Field(pattern=r"^[0-9]{12}$")]
    region: Text
    cluster: Cluster
    network: Network
    database: Database
    redis: Redis
    load_balancer: LoadBalancer
    web: Web
    roles: Roles
    images: Images
    token_secret_arn: SecretArn
    karpenter_node_role: Text | None = None
    karpenter_queue: Text | None = None
    alarm_topic_arn: Arn | None = None


SOURCES: Final[Mapping[str, tuple[str, str]]] = {
    "cluster.name": ("eks-control", "ClusterName"),
    "cluster.arn": ("eks-control", "ClusterArn"),
    "cluster.endpoint": ("eks-control", "Endpoint"),
    "cluster.version": ("eks-control", "Version"),
    "network.vpcId": ("network", "VpcId"),
    "network.cidr": ("network", "VpcCidr"),
    "network.appSecurityGroupId": ("security", "AppSecurityGroupId"),
    "database.host": ("data-rds", "Endpoint"),
    "database.readerHost": ("data-rds", "ReaderEndpoint"),
    "database.port": ("data-rds", "Port"),
    "database.name": ("data-rds", "DatabaseName"),
    "database.secretArn": ("data-rds", "SecretArn"),
    "redis.host": ("data-cache", "Endpoint"),
    "redis.readerHost": ("data-cache", "ReaderEndpoint"),
    "redis.port": ("data-cache", "Port"),
    "redis.clusterMode": ("data-cache", "ClusterMode"),
    "redis.user": ("data-cache", "UserName"),
    "redis.secretArn": ("security", "CachePasswordArn"),
    "loadBalancer.arn": ("edge-regional", "LoadBalancerArn"),
    "loadBalancer.listenerArn": ("edge-regional", "ListenerArn"),
    "loadBalancer.listenerRuleArn": ("edge-regional", "ListenerRuleArn"),
    "loadBalancer.securityGroupId": ("security", "AlbSecurityGroupId"),
    "loadBalancer.targetGroups.blue": ("edge-regional", "BlueTargetGroupArn"),
    "loadBalancer.targetGroups.green": ("edge-regional", "GreenTargetGroupArn"),
    "web.bucket": ("edge-global", "WebBucketName"),
    "web.distributionId": ("edge-global", "DistributionId"),
    "web.publicName": ("edge-global", "PublicName"),
    "roles.operator": ("eks-platform", "OperatorRoleArn"),
    "roles.server": ("eks-platform", "ServerRoleArn"),
    "roles.loadBalancerController": ("eks-platform", "LoadBalancerControllerRoleArn"),
    "roles.externalSecrets": ("eks-platform", "ExternalSecretsRoleArn"),
    "roles.cloudWatchAgent": ("eks-platform", "CloudWatchAgentRoleArn"),
    "roles.karpenter": ("eks-nodes", "KarpenterRoleArn"),
    "images.server": ("bootstrap", "ChessServerRepositoryUri"),
    "images.operator": ("bootstrap", "ChessOperatorRepositoryUri"),
    "tokenSecretArn": ("security", "TokenKeyArn"),
    "karpenterNodeRole": ("eks-nodes", "KarpenterNodeRoleName"),
    "karpenterQueue": ("eks-nodes", "KarpenterQueueName"),
    "alarmTopicArn": ("observability", "AlarmTopicArn"),
}
"""Field → the stack and output that it comes from."""


class ValuesError(Exception):
    """Outputs that do not make a valid document; one line for each problem."""


def render(identity: Mapping[str, str], outputs: Mapping[str, Mapping[str, str]]) -> dict[str, Any]:
    """Make the document of `identity` (environment, account, region) and the outputs by stack."""
    tree: dict[str, Any] = {"schema": VERSION, **identity}
    for field, (stack, output) in SOURCES.items():
        value = outputs.get(stack, {}).get(output)
        if value is not None:
            _put(tree, field.split("."), value)
    try:
        checked = Values.model_validate(tree)
    except ValidationError as wrong:
        raise ValuesError("\n".join(_line(error) for error in wrong.errors())) from None
    return checked.model_dump(by_alias=True, exclude_none=True)


def schema() -> dict[str, Any]:
    """Return the JSON schema of the document."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **Values.model_json_schema(by_alias=True),
    }


def published_schema() -> dict[str, Any]:
    """Return the schema that is shipped; a test holds it equal to `schema()`."""
    text = resources.files("chess_stacks.synth").joinpath(SCHEMA_FILE).read_text(encoding="utf-8")
    loaded: dict[str, Any] = json.loads(text)
    return loaded


def _put(tree: dict[str, Any], path: list[str], value: str) -> None:
    for part in path[:-1]:
        tree = tree.setdefault(part, {})
    tree[path[-1]] = value


def _line(error: Any) -> str:
    field = ".".join(str(part) for part in error["loc"])
    source = SOURCES.get(field)
    if source is None:
        wanted = sorted(
            f"{stack}.{output}" for name, (stack, output) in SOURCES.items() if name.startswith(field)
        )
        return f"{field}: {_reason(error)}; it comes from {', '.join(wanted)}"
    return f"{field}: {_reason(error)}; it comes from the output {source[0]}.{source[1]}"


def _reason(error: Any) -> str:
    if error["type"] == "missing":
        return "missing"
    # The value itself stays out of the message: if a password ever got in here, it must not get into a log.
    return str(error["msg"][:1].lower() + error["msg"][1:])
