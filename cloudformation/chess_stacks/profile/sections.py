"""The sections of a profile: what each part of an environment can be asked for, and within which bounds.

A bound that involves one field stands on the field; one that involves several stands in `checks`. Field
descriptions feed `chess-stacks explain`, so they describe the setting for a reader who decides about it.
"""

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass

from chess_stacks.profile import facts

_STRICT = ConfigDict(extra="forbid", strict=False)

Arn = Annotated[str, Field(pattern=r"^arn:aws[a-z-]*:[a-z0-9-]+:[a-z0-9-]*:[0-9]{0,12}:.+$")]
InstanceType = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]*\.[a-z0-9-]+$")]
LogDays = Literal[1, 3, 5, 7, 14, 30, 60, 90, 180, 365, 400, 731, 1096, 1827]
Email = Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$")]


def _field(why: str, default: Any = ..., **bounds: Any) -> Any:
    return Field(default, description=why, **bounds)


@dataclass(frozen=True, slots=True, kw_only=True, config=_STRICT)
class Bootstrap:
    """What an environment needs before any other stack."""

    repositories: tuple[Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9/_-]{1,60}$")], ...] = _field(
        "image repositories, scanned on push", ("chess-server", "chess-operator")
    )
    keep_images: int = _field("tagged images that a repository keeps", 30, ge=1, le=1000)
    ci_repository: Annotated[str, Field(pattern=r"^[\w.-]+/[\w.-]+$")] | None = _field(
        "owner/name of the GitHub repository whose workflows may deploy by OIDC", None
    )
    ci_provider: Arn | None = _field("an OIDC provider that the account already has for GitHub", None)
    ci_ref: str = _field("Git ref that the CI role trusts", "refs/heads/main")
    budget_usd: int = _field(
        "monthly budget that warns at 80 and 100 percent; 0 for none", 0, ge=0, le=1_000_000
    )
    budget_email: Email | None = _field("who is warned", None)


@dataclass(frozen=True, slots=True, kw_only=True, config=_STRICT)
class Vpc:
    """The VPC."""

    cidr: Annotated[str, Field(pattern=r"^\d{1,3}(\.\d{1,3}){3}/\d{1,2}$")] = _field(
        "address range, /16 to /20"
    )
    zones: int = _field("availability zones that get subnets (EKS and the ALB want two)", 2, ge=2, le=3)
    zone_names: tuple[Annotated[str, Field(pattern=r"^[a-z]{2}(-[a-z]+)+-\d[a-z]$")], ...] = _field(
        "which zones, in order; without them the account's own order decides", ()
    )
    single_zone: bool = _field(
        "keep nodes, NAT and data in the first zone: cheap, no zone redundancy", default=False
    )
    nat: Literal["none", "single", "per-zone"] = _field("how private subnets reach the internet", "single")
    interface_endpoints: tuple[Literal[facts.INTERFACE_ENDPOINTS], ...] = _field(  # type: ignore[valid-type]
        "AWS services reached without leaving the VPC; each costs by the hour and zone", ()
    )
    flow_logs: Literal["none", "cloudwatch", "s3"] = _field("where traffic records go", "cloudwatch")
    flow_log_days: LogDays = _field("how long they stay", 30)


@dataclass(frozen=True, slots=True, kw_only=True, config=_STRICT)
class Security:
    """Keys, secrets and the regional firewall."""

    waf: bool = _field("AWS WAF in front of the internal ALB as well", default=False)
    waf_rate_limit: int = _field(
        "requests per 5 minutes and address before WAF blocks", 2000, ge=10, le=2_000_000
    )
    key_deletion_days: int = _field("how long a deleted key can be brought back", 30, ge=7, le=30)


@dataclass(frozen=True, slots=True, kw_only=True, config=_STRICT)
class RdsDatabase:
    """RDS for PostgreSQL: a primary and read replicas."""

    kind: Literal["rds"] = _field("RDS for PostgreSQL: a primary and read replicas", "rds")
    version: Annotated[str, Field(pattern=r"^\d{2}\.\d{1,2}$")] = _field("PostgreSQL version", "17.9")
    instance_class: Annotated[str, Field(pattern=r"^db\.[a-z0-9-]+\.[a-z0-9]+$")] = _field(
        "size", "db.t4g.micro"
    )
    storage_gib: int = _field("gp3 storage", 20, ge=20, le=65_536)
    max_storage_gib: int = _field("storage grows by itself up to here", 100, ge=20, le=65_536)
    multi_az: bool = _field("a standby in another zone takes over", default=False)
    replicas: int = _field("read replicas", 0, ge=0, le=5)
    backup_days: int = _field("point-in-time recovery window", 7, ge=1, le=35)
    deletion_protection: bool = _field("refuse deletion by API", default=False)


@dataclass(frozen=True, slots=True, kw_only=True, config=_STRICT)
class AuroraDatabase:
    """Aurora PostgreSQL: a writer, autoscaled readers, provisioned or Serverless v2."""

    kind: Literal["aurora"] = _field("Aurora PostgreSQL: shared storage, a writer and readers", "aurora")
    version: Annotated[str, Field(pattern=r"^\d{2}\.\d{1,2}$")] = _field("Aurora PostgreSQL version", "17.9")
    capacity: Literal["serverless", "provisioned"] = _field("how instances are sized", "serverless")
    instance_class: Annotated[str, Field(pattern=r"^db\.[a-z0-9-]+\.[a-z0-9]+$")] = _field(
        "size of provisioned instances", "db.r8g.large"
    )
    min_acu: float = _field("Serverless v2 floor; 0 pauses when idle", 0.5, ge=0, le=256, multiple_of=0.5)
    max_acu: float = _field("Serverless v2 ceiling", 4, ge=1, le=256, multiple_of=0.5)
    pause_after_seconds: int = _field("idle time before pausing at 0", 300, ge=300, le=86_400)
    min_readers: int = _field("readers that always run", 0, ge=0, le=15)
    max_readers: int = _field("readers that autoscaling may add up to", 0, ge=0, le=15)
    reader_cpu_percent: int = _field("CPU that reader autoscaling aims at", 60, ge=10, le=90)
    backup_days: int = _field("point-in-time recovery window", 7, ge=1, le=35)
    deletion_protection: bool = _field("refuse deletion by API", default=False)


AnyDatabase = Annotated[RdsDatabase | AuroraDatabase, Field(discriminator="kind")]


@dataclass(frozen=True, slots=True, kw_only=True, config=_STRICT)
class Cache:
    """ElastiCache: games in play, presence and fan-out."""

    kind: Literal["node", "replication-group", "cluster", "serverless"] = _field("shape", "node")
    engine: Literal["valkey", "redis"] = _field("engine", "valkey")
    version: Annotated[str, Field(pattern=r"^\d+(\.\d+)?$")] = _field("engine version", "8.1")
    node_type: Annotated[str, Field(pattern=r"^cache\.[a-z0-9-]+\.[a-z0-9]+$")] = _field(
        "size", "cache.t4g.micro"
    )
    shards: int = _field("shards of cluster mode", 1, ge=1, le=500)
    replicas: int = _field("replicas of each shard", 0, ge=0, le=5)
    snapshot_days: int = _field("daily snapshots kept", 0, ge=0, le=35)
    max_data_gb: int = _field("serverless storage ceiling", 5, ge=1, le=5000)
    max_ecpu: int = _field("serverless compute ceiling per second", 5000, ge=1000, le=15_000_000)


@dataclass(frozen=True, slots=True, kw_only=True, config=_STRICT)
class NodeGroup:
    """A managed node group; its physical name is CloudFormation's, so a replacement can stand beside the old one."""

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,30}$")]
    capacity: Literal["on-demand", "spot"] = _field("how instances are bought", "on-demand")
    arch: Literal["arm64", "x86_64"] = _field("Graviton or x86", "arm64")
    ami: Literal["al2023", "bottlerocket"] = _field("node image", "al2023")
    instance_types: Annotated[tuple[InstanceType, ...], Field(min_length=1, max_length=20)] = _field("sizes")
    min_size: int = _field("fewest nodes", 1, ge=0, le=450)
    desired_size: int = _field(
        "nodes at creation; the autoscaler owns the number afterwards", 1, ge=0, le=450
    )
    max_size: int = _field("most nodes", 3, ge=1, le=450)
    disk_gib: int = _field("gp3 root volume", 30, ge=20, le=16_384)


@dataclass(frozen=True, slots=True, kw_only=True, config=_STRICT)
class Eks:
    """The Kubernetes cluster and what it computes on."""

    version: Annotated[str, Field(pattern=r"^1\.\d{2}$")] = _field("Kubernetes version", facts.EKS_DEFAULT)
    endpoint: Literal["public", "both", "private"] = _field("where the API server answers", "both")
    public_cidrs: tuple[str, ...] = _field(
        "who may reach a public endpoint; never the whole internet by default", ()
    )
    compute: Literal["managed", "karpenter", "auto"] = _field(
        "node groups, those plus Karpenter, or Auto Mode", "managed"
    )
    groups: tuple[NodeGroup, ...] = _field("managed node groups", ())
    logs: tuple[Literal["api", "audit", "authenticator", "controllerManager", "scheduler"], ...] = _field(
        "control-plane logs", ("api", "audit", "authenticator", "controllerManager", "scheduler")
    )
    log_days: LogDays = _field("how long control-plane logs stay", 30)
    admins: tuple[Arn, ...] = _field("principals with cluster admin by access entry", ())
    viewers: tuple[Arn, ...] = _field("principals with read access by access entry", ())
    addons: tuple[Literal[facts.ADDONS], ...] = _field(  # type: ignore[valid-type]
        "add-ons beside the ones that nodes need", ("coredns", "aws-ebs-csi-driver", "metrics-server")
    )
    addon_versions: dict[
        Literal[facts.ADDONS],  # type: ignore[valid-type]
        Annotated[str, Field(pattern=r"^v\d+\.\d+\.\d+-eksbuild\.\d+$")],
    ] = Field(default_factory=dict, description="pinned versions; an add-on without one gets EKS's default")
    extended_support: bool = _field("pay for extended support rather than be upgraded", default=False)
    deletion_protection: bool = _field("refuse deletion by API", default=False)


@dataclass(frozen=True, slots=True, kw_only=True, config=_STRICT)
class Edge:
    """The way in: internal ALB, CloudFront, DNS."""

    domain: Annotated[str, Field(pattern=r"^([a-z0-9-]+\.)+[a-z]{2,}$")] | None = _field(
        "public name; without one CloudFront's own name serves", None
    )
    hosted_zone_id: Annotated[str, Field(pattern=r"^Z[A-Z0-9]{5,31}$")] | None = _field(
        "Route 53 zone of it", None
    )
    waf: bool = _field("AWS WAF at CloudFront", default=False)
    price_class: Literal["PriceClass_100", "PriceClass_200", "PriceClass_All"] = _field(
        "edge locations", "PriceClass_100"
    )
    origin_prefix_list: Annotated[str, Field(pattern=r"^pl-[0-9a-f]{8,17}$")] | None = _field(
        "CloudFront's origin-facing prefix list of the region; without one the ALB trusts the VPC's own range",
        None,
    )
    server_port: int = _field("port of the game server's pods", 8080, ge=1, le=65_535)
    admin_port: int = _field("port of the pods' health checks", 9090, ge=1, le=65_535)
    health_path: Annotated[str, Field(pattern=r"^/[\w./-]*$")] = _field(
        "readiness path of the pods", "/readyz"
    )
    websocket_paths: tuple[Annotated[str, Field(pattern=r"^/[\w./*-]*$")], ...] = _field(
        "paths that CloudFront sends to the ALB; all else is the web client",
        ("/lobby/*", "/play/*", "/watch/*"),
        min_length=1,
        max_length=5,  # values of one listener rule
    )
    idle_timeout_seconds: int = _field("ALB closes a silent connection after this", 120, ge=1, le=4000)
    deregistration_seconds: int = _field("how long a leaving pod may finish", 300, ge=0, le=3600)
    access_logs: bool = _field("ALB and CloudFront access logs in S3", default=True)


@dataclass(frozen=True, slots=True, kw_only=True, config=_STRICT)
class Observability:
    """Dashboards, alarms, logs, traces."""

    enabled: bool = _field("the stack as a whole", default=True)
    alarm_email: Email | None = _field("subscriber of the alarm topic", None)
    log_days: LogDays = _field("how long application logs stay", 30)
    xray_percent: float = _field("share of requests that X-Ray samples", 5.0, ge=0, le=100)
