"""The internal load balancer, its listener and the two target groups that blue and green attach to.

CloudFormation owns all of it, so deleting the cluster never leaves a load balancer behind. The operator owns
one thing: the weights of the listener rule. They start at 100 to blue; `deploy` carries the live ones and
`drift` leaves them out.
"""

from typing import Any

from troposphere import GetAtt, Ref, wafv2
from troposphere import elasticloadbalancingv2 as elb

from chess_stacks.parts import certificates, names
from chess_stacks.parts.stack import Draft, define

TLS_POLICY = "ELBSecurityPolicy-TLS13-1-2-2021-06"


def compose(draft: Draft) -> None:
    """Fill the regional edge template."""
    balancer = _balancer(draft)
    blue, green = _targets(draft, "Blue"), _targets(draft, "Green")
    listener = _listener(draft)
    rule = _rule(draft)
    if draft.profile.security.waf:
        draft.add(
            wafv2.WebACLAssociation(
                "Firewall",
                ResourceArn=Ref(balancer),
                WebACLArn=draft.take("security", "RegionalWebAclArn"),
            )
        )
    draft.give("LoadBalancerArn", Ref(balancer), "The internal ALB")
    draft.give("LoadBalancerDnsName", GetAtt(balancer, "DNSName"), "Its name inside the VPC")
    draft.give("LoadBalancerFullName", GetAtt(balancer, "LoadBalancerFullName"), "For metrics")
    draft.give("ListenerArn", Ref(listener), "The listener")
    draft.give("ListenerRuleArn", Ref(rule), "Rule whose weights the operator owns")
    for colour, group in (("Blue", blue), ("Green", green)):
        draft.give(f"{colour}TargetGroupArn", Ref(group), f"Pods of the {colour.lower()} colour attach here")
        draft.give(f"{colour}TargetGroupFullName", GetAtt(group, "TargetGroupFullName"), "For metrics")


def _attributes(given: dict[str, Any], kind: Any) -> list[Any]:
    return [kind(Key=key, Value=value) for key, value in given.items()]


def _balancer(draft: Draft) -> elb.LoadBalancer:
    edge = draft.profile.edge
    attributes: dict[str, Any] = {
        "idle_timeout.timeout_seconds": str(edge.idle_timeout_seconds),
        "routing.http.drop_invalid_header_fields.enabled": "true",
        "routing.http.desync_mitigation_mode": "defensive",
        "access_logs.s3.enabled": str(edge.access_logs).lower(),
    }
    if edge.access_logs:
        attributes["access_logs.s3.bucket"] = draft.take(names.BOOTSTRAP, "LogBucketName")
        attributes["access_logs.s3.prefix"] = "alb"
    return draft.add(
        elb.LoadBalancer(
            "LoadBalancer",
            Type="application",
            Scheme="internal",
            IpAddressType="ipv4",
            Subnets=draft.take("network", "PrivateSubnetIds", "List<AWS::EC2::Subnet::Id>"),
            SecurityGroups=[draft.take("security", "AlbSecurityGroupId", "AWS::EC2::SecurityGroup::Id")],
            LoadBalancerAttributes=_attributes(attributes, elb.LoadBalancerAttributes),
            Tags=draft.tags("alb"),
        )
    )


def _targets(draft: Draft, colour: str) -> elb.TargetGroup:
    edge = draft.profile.edge
    attributes = {
        "deregistration_delay.timeout_seconds": str(edge.deregistration_seconds),
        "load_balancing.algorithm.type": "least_outstanding_requests",
        "stickiness.enabled": "false",
    }
    return draft.add(
        elb.TargetGroup(
            f"{colour}Targets",
            TargetType="ip",
            Protocol="HTTP",
            Port=edge.server_port,
            VpcId=draft.take("network", "VpcId", "AWS::EC2::VPC::Id"),
            HealthCheckProtocol="HTTP",
            HealthCheckPort=str(edge.admin_port),
            HealthCheckPath=edge.health_path,
            HealthCheckIntervalSeconds=10,
            HealthCheckTimeoutSeconds=5,
            HealthyThresholdCount=2,
            UnhealthyThresholdCount=3,
            Matcher=elb.Matcher(HttpCode="200"),
            TargetGroupAttributes=_attributes(attributes, elb.TargetGroupAttribute),
            Tags=draft.tags(colour.lower(), **{"chess:colour": colour.lower()}),
        )
    )


def _listener(draft: Draft) -> elb.Listener:
    """Without a domain there is no certificate to hold, and CloudFront reaches the ALB by plain HTTP inside the VPC."""
    domain = draft.profile.edge.domain
    more: dict[str, Any] = {"Port": 80, "Protocol": "HTTP"}
    if domain:
        certificate = certificates.validated(draft, domain)
        more = {
            "Port": 443,
            "Protocol": "HTTPS",
            "SslPolicy": TLS_POLICY,
            "Certificates": [elb.Certificate(CertificateArn=Ref(certificate))],
        }
    nothing = elb.FixedResponseConfig(
        StatusCode="404", ContentType="text/plain", MessageBody="not a game path"
    )
    return draft.add(
        elb.Listener(
            "Listener",
            LoadBalancerArn=Ref("LoadBalancer"),
            DefaultActions=[elb.Action(Type="fixed-response", FixedResponseConfig=nothing)],
            **more,
        )
    )


def _rule(draft: Draft) -> elb.ListenerRule:
    weights = [
        elb.TargetGroupTuple(TargetGroupArn=Ref("BlueTargets"), Weight=100),
        elb.TargetGroupTuple(TargetGroupArn=Ref("GreenTargets"), Weight=0),
    ]
    paths = list(draft.profile.edge.websocket_paths)
    return draft.add(
        elb.ListenerRule(
            "GameRule",
            ListenerArn=Ref("Listener"),
            Priority=10,
            Conditions=[
                elb.Condition(Field="path-pattern", PathPatternConfig=elb.PathPatternConfig(Values=paths))
            ],
            Actions=[
                elb.ListenerRuleAction(Type="forward", ForwardConfig=elb.ForwardConfig(TargetGroups=weights))
            ],
            Tags=draft.tags("game"),
        )
    )


STACK = define(
    "edge-regional", "Internal load balancer with blue and green target groups; what players reach", compose
)
