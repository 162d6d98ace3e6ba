"""The VPC: subnets in two or three zones, ways out, endpoints, flow logs.

Public subnets hold NAT gateways only; private ones nodes, pods and the internal ALB; data subnets have no route
but the VPC's own and the gateway endpoints. EKS, the ALB and database subnet groups insist on two zones, so a
single-zone environment still has the subnets of two and merely uses the first.
"""

from typing import Any

from awacs import logs as logs_actions
from troposphere import AWSObject, GetAtt, GetAZs, Join, Ref, Select, Sub, ec2

from chess_stacks.parts import iam, log_groups, names, subnets
from chess_stacks.parts.stack import Draft, define
from chess_stacks.parts.subnets import ZoneBlocks


def compose(draft: Draft) -> None:
    """Fill the network template."""
    net = draft.profile.network
    vpc = _vpc(draft)
    zones = subnets.plan(net.cidr, net.zones)
    public = [_public(draft, zone, blocks) for zone, blocks in enumerate(zones)]
    private = [_private(draft, zone, blocks) for zone, blocks in enumerate(zones)]
    data = [_data(draft, zone, blocks) for zone, blocks in enumerate(zones)]
    _gateway_endpoints(draft, len(zones))
    _interface_endpoints(draft, vpc, private[:1] if net.single_zone else private)
    _flow_logs(draft, vpc)
    _publish(draft, public, private, data)


def _vpc(draft: Draft) -> ec2.VPC:
    vpc = draft.add(
        ec2.VPC(
            "Vpc",
            CidrBlock=draft.profile.network.cidr,
            EnableDnsHostnames=True,
            EnableDnsSupport=True,
            Tags=draft.tags("vpc"),
        )
    )
    gateway = draft.add(ec2.InternetGateway("InternetGateway", Tags=draft.tags("internet")))
    draft.add(ec2.VPCGatewayAttachment("InternetAttachment", VpcId=Ref(vpc), InternetGatewayId=Ref(gateway)))
    table = draft.add(ec2.RouteTable("PublicRoutes", VpcId=Ref(vpc), Tags=draft.tags("public")))
    draft.add(
        ec2.Route(
            "PublicDefaultRoute",
            RouteTableId=Ref(table),
            DestinationCidrBlock="0.0.0.0/0",
            GatewayId=Ref(gateway),
            DependsOn="InternetAttachment",
        )
    )
    return vpc


def _zone(draft: Draft, number: int) -> Any:
    named = draft.profile.network.zone_names
    return named[number] if named else Select(number, GetAZs(""))


def _subnet(draft: Draft, kind: str, zone: int, cidr: str, table: str, **tags: str) -> ec2.Subnet:
    subnet = draft.add(
        ec2.Subnet(
            f"{kind}Subnet{zone + 1}",
            VpcId=Ref("Vpc"),
            CidrBlock=cidr,
            AvailabilityZone=_zone(draft, zone),
            MapPublicIpOnLaunch=False,
            Tags=draft.tags(f"{kind.lower()}-{zone + 1}", **tags),
        )
    )
    draft.add(
        ec2.SubnetRouteTableAssociation(
            f"{kind}Association{zone + 1}", SubnetId=Ref(subnet), RouteTableId=Ref(table)
        )
    )
    return subnet


def _public(draft: Draft, zone: int, blocks: ZoneBlocks) -> ec2.Subnet:
    tag = {"kubernetes.io/role/elb": "1"}
    subnet = _subnet(draft, "Public", zone, blocks.public, "PublicRoutes", **tag)
    nat = draft.profile.network.nat
    if nat == "per-zone" or (nat == "single" and zone == 0):
        address = draft.add(
            ec2.EIP(
                f"NatAddress{zone + 1}",
                Domain="vpc",
                DependsOn="InternetAttachment",
                Tags=draft.tags(f"nat-{zone + 1}"),
            )
        )
        draft.add(
            ec2.NatGateway(
                f"Nat{zone + 1}",
                SubnetId=Ref(subnet),
                AllocationId=GetAtt(address, "AllocationId"),
                Tags=draft.tags(f"nat-{zone + 1}"),
            )
        )
    return subnet


def _private(draft: Draft, zone: int, blocks: ZoneBlocks) -> ec2.Subnet:
    table = f"PrivateRoutes{zone + 1}"
    draft.add(ec2.RouteTable(table, VpcId=Ref("Vpc"), Tags=draft.tags(f"private-{zone + 1}")))
    nat = draft.profile.network.nat
    if nat != "none":
        draft.add(
            ec2.Route(
                f"PrivateDefaultRoute{zone + 1}",
                RouteTableId=Ref(table),
                DestinationCidrBlock="0.0.0.0/0",
                NatGatewayId=Ref(f"Nat{zone + 1 if nat == 'per-zone' else 1}"),
            )
        )
    tags = {
        "kubernetes.io/role/internal-elb": "1",
        "karpenter.sh/discovery": names.cluster_name(draft.profile.env),
    }
    return _subnet(draft, "Private", zone, blocks.private, table, **tags)


def _data(draft: Draft, zone: int, blocks: ZoneBlocks) -> ec2.Subnet:
    if zone == 0:
        draft.add(ec2.RouteTable("DataRoutes", VpcId=Ref("Vpc"), Tags=draft.tags("data")))
    return _subnet(draft, "Data", zone, blocks.data, "DataRoutes")


def _gateway_endpoints(draft: Draft, zones: int) -> None:
    """S3 and DynamoDB cost nothing this way, and stay reachable where there is no NAT."""
    tables = [Ref(f"PrivateRoutes{zone + 1}") for zone in range(zones)]
    for service in ("s3", "dynamodb"):
        draft.add(
            ec2.VPCEndpoint(
                f"{service.capitalize()}Endpoint",
                VpcId=Ref("Vpc"),
                ServiceName=Sub(f"com.amazonaws.${{AWS::Region}}.{service}"),
                VpcEndpointType="Gateway",
                RouteTableIds=tables,
            )
        )


def _interface_endpoints(draft: Draft, vpc: ec2.VPC, subnets_used: list[ec2.Subnet]) -> None:
    services = draft.profile.network.interface_endpoints
    if not services:
        return
    group = draft.add(
        ec2.SecurityGroup(
            "EndpointSecurityGroup",
            GroupDescription="AWS services inside the VPC: HTTPS from the VPC",
            VpcId=Ref(vpc),
            SecurityGroupIngress=[
                ec2.SecurityGroupRule(
                    Description="HTTPS from the VPC",
                    IpProtocol="tcp",
                    FromPort=443,
                    ToPort=443,
                    CidrIp=draft.profile.network.cidr,
                )
            ],
            SecurityGroupEgress=[NO_EGRESS],
            Tags=draft.tags("endpoints"),
        )
    )
    for service in services:
        draft.add(
            ec2.VPCEndpoint(
                f"{names.pascal(service.replace('.', '-'))}Endpoint",
                VpcId=Ref(vpc),
                ServiceName=Sub(f"com.amazonaws.${{AWS::Region}}.{service}"),
                VpcEndpointType="Interface",
                PrivateDnsEnabled=True,
                SubnetIds=[Ref(subnet) for subnet in subnets_used],
                SecurityGroupIds=[Ref(group)],
            )
        )


NO_EGRESS = ec2.SecurityGroupRule(
    Description="Nothing leaves: a rule that matches no address, as no rule at all would mean every address",
    IpProtocol="icmp",
    FromPort=252,
    ToPort=86,
    CidrIp="255.255.255.255/32",
)


def _flow_logs(draft: Draft, vpc: ec2.VPC) -> None:
    kind = draft.profile.network.flow_logs
    if kind == "none":
        return
    more = _to_log_group(draft) if kind == "cloudwatch" else _to_bucket(draft)
    draft.add(
        ec2.FlowLog(
            "FlowLog",
            ResourceType="VPC",
            ResourceId=Ref(vpc),
            TrafficType="ALL",
            MaxAggregationInterval=60,
            Tags=draft.tags("flow-log"),
            **more,
        )
    )


def _to_bucket(draft: Draft) -> dict[str, Any]:
    bucket = draft.take(names.BOOTSTRAP, "LogBucketArn")
    return {"LogDestinationType": "s3", "LogDestination": Sub("${Bucket}/flow-logs/", Bucket=bucket)}


def _to_log_group(draft: Draft) -> dict[str, Any]:
    group = log_groups.group(draft, "FlowLogGroup", draft.profile.network.flow_log_days)
    return {
        "LogDestinationType": "cloud-watch-logs",
        "LogDestination": GetAtt(group, "Arn"),
        "DeliverLogsPermissionArn": GetAtt(_flow_log_role(draft, group), "Arn"),
    }


def _flow_log_role(draft: Draft, group: AWSObject) -> AWSObject:
    return iam.role(
        draft,
        "FlowLogRole",
        iam.service_trust("vpc-flow-logs.amazonaws.com"),
        description="VPC flow logs write to their log group",
        statements=[
            iam.allow(
                "WriteFlowLogs",
                [
                    logs_actions.CreateLogStream,
                    logs_actions.DescribeLogStreams,
                    logs_actions.PutLogEvents,
                ],
                [GetAtt(group, "Arn"), Sub("${Group}:*", Group=GetAtt(group, "Arn"))],
            )
        ],
    )


def _publish(
    draft: Draft, public: list[ec2.Subnet], private: list[ec2.Subnet], data: list[ec2.Subnet]
) -> None:
    nodes = private[:1] if draft.profile.network.single_zone else private
    draft.give("VpcId", Ref("Vpc"), "The environment's VPC")
    draft.give("VpcCidr", GetAtt("Vpc", "CidrBlock"), "Its address range")
    draft.give("PublicSubnetIds", _ids(public), "Subnets with a route to the internet")
    draft.give("PrivateSubnetIds", _ids(private), "Subnets of the control plane and the ALB")
    draft.give("NodeSubnetIds", _ids(nodes), "Subnets that nodes and pods use")
    draft.give("DataSubnetIds", _ids(data), "Subnets without any route to the internet")
    draft.give(
        "FirstZone", GetAtt(data[0], "AvailabilityZone"), "Zone that a single-zone environment keeps to"
    )


def _ids(subnets_given: list[ec2.Subnet]) -> Join:
    return Join(",", [Ref(subnet) for subnet in subnets_given])


STACK = define(
    "network", "VPC with public, private and data subnets; everything with an address lives in it", compose
)
