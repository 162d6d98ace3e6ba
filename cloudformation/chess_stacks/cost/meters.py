"""Which meters a resource runs: read off its template, priced elsewhere. Pure.

A meter is fixed where the template alone decides how far it runs (an hour of a NAT gateway), and usage where players
decide (a gigabyte through it). A type that is neither here nor in `FREE` is reported, and never taken for free.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

HOURS: Final = Decimal(730)
"""Hours of a month, as AWS's calculator counts them."""

_FREE: Final[Mapping[str, str]] = {
    "ApplicationAutoScaling": "ScalableTarget ScalingPolicy",
    "Budgets": "Budget",
    "CertificateManager": "Certificate",
    "CloudFront": "CachePolicy OriginAccessControl OriginRequestPolicy ResponseHeadersPolicy VpcOrigin",
    "EC2": "InternetGateway LaunchTemplate Route RouteTable SecurityGroup "
    "SecurityGroupEgress SecurityGroupIngress Subnet SubnetRouteTableAssociation VPC VPCGatewayAttachment",
    "EKS": "AccessEntry Addon PodIdentityAssociation",
    "ElastiCache": "ParameterGroup SubnetGroup User UserGroup",
    "ElasticLoadBalancingV2": "Listener ListenerRule TargetGroup",
    "Events": "Rule",
    "IAM": "InstanceProfile ManagedPolicy OIDCProvider Role",
    "KMS": "Alias",
    "Logs": "DeliveryDestination DeliverySource",
    "RDS": "DBClusterParameterGroup DBParameterGroup DBSubnetGroup",
    "Route53": "RecordSet",
    "S3": "BucketPolicy",
    "SNS": "Subscription TopicPolicy",
    "SQS": "QueuePolicy",
    "SSM": "Parameter",
    "SecretsManager": "SecretTargetAttachment",
    "WAFv2": "LoggingConfiguration WebACLAssociation",
    "XRay": "SamplingRule",
}
FREE: Final = frozenset(
    f"AWS::{service}::{kind}" for service, kinds in _FREE.items() for kind in kinds.split()
)
"""Types without a charge of their own; standard SSM parameters, public certificates, budgets without actions.

Read 2026-11-21.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Meter:
    """One thing that is charged; `quantity` is a month's worth, or None where it depends on use."""

    key: str
    quantity: Decimal | None
    what: str


@dataclass(frozen=True, slots=True)
class Unmetered(Exception):  # noqa: N818 - a verdict on a resource, which the user reads
    """The cost of this resource is unknown, and why."""

    reason: str


def read(resource: Mapping[str, Any], body: Mapping[str, Any]) -> list[Meter]:
    """Return the meters of a resource; `body` is the template around it."""
    kind = resource["Type"]
    if kind in FREE:
        return []
    meter = _METERS.get(kind)
    if meter is None:
        raise Unmetered(f"no meter for {kind}")
    return list(meter(resource.get("Properties", {}), body))


def _hourly(key: str, what: str, count: int = 1) -> Meter:
    return Meter(key=key, quantity=HOURS * count, what=what)


def _monthly(key: str, what: str, count: int = 1) -> Meter:
    return Meter(key=key, quantity=Decimal(count), what=what)


def _used(key: str, what: str) -> Meter:
    return Meter(key=key, quantity=None, what=what)


def _cluster(props: Mapping[str, Any], _: Mapping[str, Any]) -> Iterator[Meter]:
    yield _hourly("eks:cluster", "control plane")
    if props.get("UpgradePolicy", {}).get("SupportType") == "EXTENDED":
        yield _used("eks:extended-support", "control plane beyond standard support")
    if props.get("ComputeConfig", {}).get("Enabled"):
        yield _used("eks:auto-mode", "Auto Mode's share of each node")


def _nodes(props: Mapping[str, Any], body: Mapping[str, Any]) -> Iterator[Meter]:
    count = int(props["ScalingConfig"]["DesiredSize"])
    first = props["InstanceTypes"][0]
    if props.get("CapacityType") == "SPOT":
        yield _used(f"ec2-spot:{first}", f"Spot nodes, {count} at first; the price moves")
    else:
        yield _hourly(f"ec2:{first}", f"nodes, {count} at first", count)
    template = props.get("LaunchTemplate", {}).get("Id", {})
    for volume in _volumes(body["Resources"].get(template.get("Ref"), {})):
        yield _monthly("ebs:gp3", "root volumes", volume * count)


def _volumes(template: Mapping[str, Any]) -> Iterator[int]:
    data = template.get("Properties", {}).get("LaunchTemplateData", {})
    for mapping in data.get("BlockDeviceMappings", ()):
        if "VolumeSize" in mapping.get("Ebs", {}):
            yield int(mapping["Ebs"]["VolumeSize"])


def _endpoint(props: Mapping[str, Any], _: Mapping[str, Any]) -> Iterator[Meter]:
    if props.get("VpcEndpointType", "Gateway") == "Interface":
        yield _hourly("endpoint:interface", "interface endpoint, each zone", len(props["SubnetIds"]))
        yield _used("endpoint:data", "data through it")


def _flow_log(props: Mapping[str, Any], _: Mapping[str, Any]) -> Iterator[Meter]:
    where = "s3" if props.get("LogDestinationType") == "s3" else "cloudwatch"
    yield _used(f"logs:vended-{where}", "flow logs")


def _instance(props: Mapping[str, Any], body: Mapping[str, Any]) -> Iterator[Meter]:
    size = props["DBInstanceClass"]
    if size == "db.serverless":
        yield from _capacity(props, body)
        return
    aurora = str(props.get("Engine", "")).startswith("aurora")
    copies = 2 if props.get("MultiAZ") is True else 1
    yield _hourly(f"{'aurora' if aurora else 'rds'}:postgres:{size}", "database instance", copies)
    if not aurora:
        storage = int(props.get("AllocatedStorage") or _of_source(props, body))
        yield _monthly("rds:gp3", "storage at first", storage * copies)
        yield _used("rds:backup", "backups beyond the storage's size")


def _of_source(props: Mapping[str, Any], body: Mapping[str, Any]) -> int:
    """Find how large a replica is: as large as what it copies."""
    source = props.get("SourceDBInstanceIdentifier", {})
    name = source.get("Ref") or source.get("Fn::GetAtt", [""])[0]
    size = body["Resources"].get(name, {}).get("Properties", {}).get("AllocatedStorage")
    if size is None:
        raise Unmetered("the template does not give the size of its storage")
    return int(size)


def _capacity(props: Mapping[str, Any], body: Mapping[str, Any]) -> Iterator[Meter]:
    cluster = body["Resources"][props["DBClusterIdentifier"]["Ref"]]["Properties"]
    floor = Decimal(str(cluster["ServerlessV2ScalingConfiguration"]["MinCapacity"]))
    yield Meter(key="aurora:acu", quantity=HOURS * floor, what=f"serverless capacity, at least {floor} ACU")
    yield _used("aurora:acu", "serverless capacity above that")


def _aurora(_: Mapping[str, Any], __: Mapping[str, Any]) -> Iterator[Meter]:
    yield _used("aurora:storage", "storage")
    yield _used("aurora:io", "reads and writes")


def _replication_group(props: Mapping[str, Any], _: Mapping[str, Any]) -> Iterator[Meter]:
    shards = int(props.get("NumNodeGroups", 1))
    nodes = int(props.get("NumCacheClusters") or shards * (1 + int(props.get("ReplicasPerNodeGroup", 0))))
    yield _hourly(f"cache:{props['Engine']}:{props['CacheNodeType']}", "cache nodes", nodes)


def _serverless_cache(props: Mapping[str, Any], _: Mapping[str, Any]) -> Iterator[Meter]:
    yield _used(f"cache-serverless:{props['Engine']}:data", "data kept")
    yield _used(f"cache-serverless:{props['Engine']}:ecpu", "requests")


def _acl(props: Mapping[str, Any], _: Mapping[str, Any]) -> Iterator[Meter]:
    yield _monthly("waf:acl", "firewall")
    if props.get("Rules"):
        yield _monthly("waf:rule", "its rules", len(props["Rules"]))
    yield _used("waf:requests", "requests that it inspects")


def _plain(*meters: Meter) -> Callable[[Mapping[str, Any], Mapping[str, Any]], list[Meter]]:
    return lambda _props, _body: list(meters)


_METERS: Final[dict[str, Callable[[Mapping[str, Any], Mapping[str, Any]], Any]]] = {
    "AWS::EKS::Cluster": _cluster,
    "AWS::EKS::Nodegroup": _nodes,
    "AWS::EC2::NatGateway": _plain(
        _hourly("nat:gateway", "NAT gateway"), _used("nat:data", "data through it")
    ),
    "AWS::EC2::EIP": _plain(_hourly("ipv4:address", "public IPv4 address")),
    "AWS::EC2::VPCEndpoint": _endpoint,
    "AWS::EC2::FlowLog": _flow_log,
    "AWS::ElasticLoadBalancingV2::LoadBalancer": _plain(
        _hourly("alb:hour", "load balancer"), _used("alb:lcu", "its capacity units")
    ),
    "AWS::KMS::Key": _plain(_monthly("kms:key", "key"), _used("kms:requests", "its use")),
    "AWS::SecretsManager::Secret": _plain(_monthly("secret", "secret")),
    "AWS::WAFv2::WebACL": _acl,
    "AWS::RDS::DBInstance": _instance,
    "AWS::RDS::DBCluster": _aurora,
    "AWS::ElastiCache::ReplicationGroup": _replication_group,
    "AWS::ElastiCache::ServerlessCache": _serverless_cache,
    "AWS::CloudWatch::Alarm": _plain(_monthly("cloudwatch:alarm", "alarm")),
    "AWS::CloudWatch::Dashboard": _plain(_monthly("cloudwatch:dashboard", "dashboard")),
    "AWS::Route53::HostedZone": _plain(_monthly("route53:zone", "hosted zone")),
    "AWS::Logs::LogGroup": _plain(_used("logs:ingested", "logs taken in"), _used("logs:stored", "logs kept")),
    "AWS::Logs::Delivery": _plain(_used("logs:vended", "access logs")),
    "AWS::ECR::Repository": _plain(_used("ecr:storage", "images")),
    "AWS::S3::Bucket": _plain(_used("s3:storage", "objects"), _used("s3:requests", "requests")),
    "AWS::SNS::Topic": _plain(_used("sns:messages", "messages")),
    "AWS::SQS::Queue": _plain(_used("sqs:requests", "requests")),
    "AWS::CloudFront::Distribution": _plain(
        _used("cloudfront:data", "data to players"), _used("cloudfront:requests", "requests")
    ),
}
