"""Add-ons that need nodes, and the identities that pods assume.

Every role here is for one service account, by EKS Pod Identity. The load balancer controller only attaches pods
to the target groups that the edge stack owns, so it may not make a load balancer: `destroy` is then never stuck
on one it left behind.
"""

from typing import Any

from awacs import cloudwatch, ec2, elasticloadbalancing, kms, secretsmanager, xray
from awacs.aws import Condition, Statement, StringEquals
from troposphere import GetAtt, Ref, Sub, eks

from chess_stacks.parts import iam
from chess_stacks.parts.stack import Draft, define
from chess_stacks.stacks.eks_control import addon

ACCOUNTS = {
    "Operator": ("chess-system", "chess-operator"),
    "Server": ("chess", "chess-server"),
    "LoadBalancerController": ("kube-system", "aws-load-balancer-controller"),
    "ExternalSecrets": ("external-secrets", "external-secrets"),
    "CloudWatchAgent": ("amazon-cloudwatch", "cloudwatch-agent"),
    "EbsCsi": ("kube-system", "ebs-csi-controller-sa"),
}
"""Role → namespace and service account; the charts use the same names."""
_CSI = "aws-ebs-csi-driver"
_AUTO_HAS = frozenset({"coredns", _CSI})


def compose(draft: Draft) -> None:
    """Fill the platform template."""
    _identity(draft, "Operator", "Moves the weights of the listener rule", [_weights(draft), _rules(draft)])
    _identity(draft, "Server", "Publishes metrics and traces", [_metrics(), _traces()])
    _identity(draft, "LoadBalancerController", "Attaches pods to target groups", _attach(draft))
    _identity(draft, "ExternalSecrets", "Reads this environment's secrets", _secrets(draft))
    _identity(
        draft,
        "CloudWatchAgent",
        "Ships logs and metrics",
        (),
        ("CloudWatchAgentServerPolicy", "AWSXRayDaemonWriteAccess"),
    )
    _addons(draft)


def _addons(draft: Draft) -> None:
    cluster = draft.take("eks-control", "ClusterName")
    auto = draft.profile.eks.compute == "auto"
    for name in draft.profile.eks.addons:
        if auto and name in _AUTO_HAS:
            continue
        more: dict[str, Any] = {}
        if name == _CSI:
            role = _role(draft, "EbsCsi", "Makes volumes", (), ("service-role/AmazonEBSCSIDriverPolicy",))
            more["PodIdentityAssociations"] = [
                eks.PodIdentityAssociationProperty(
                    ServiceAccount=ACCOUNTS["EbsCsi"][1], RoleArn=GetAtt(role, "Arn")
                )
            ]
        addon(draft, name, cluster, **more)


def _role(draft: Draft, who: str, what: str, statements: Any, managed_policies: tuple[str, ...] = ()) -> Any:
    return iam.role(
        draft,
        f"{who}Role",
        iam.pod_trust(*ACCOUNTS[who]),
        description=what,
        statements=statements,
        managed_policies=managed_policies,
    )


def _identity(
    draft: Draft, who: str, what: str, statements: Any, managed_policies: tuple[str, ...] = ()
) -> None:
    role = _role(draft, who, what, statements, managed_policies)
    namespace, account = ACCOUNTS[who]
    draft.add(
        eks.PodIdentityAssociation(
            f"{who}Identity",
            ClusterName=draft.take("eks-control", "ClusterName"),
            Namespace=namespace,
            ServiceAccount=account,
            RoleArn=GetAtt(role, "Arn"),
            Tags=draft.tags(),
        )
    )
    draft.give(f"{who}RoleArn", GetAtt(role, "Arn"), f"{namespace}/{account}: {what[0].lower()}{what[1:]}")


def _weights(draft: Draft) -> Statement:
    rules = Sub(
        "arn:${AWS::Partition}:elasticloadbalancing:${AWS::Region}:${AWS::AccountId}:listener-rule/app/*"
    )
    return iam.allow(
        "MoveWeights",
        [elasticloadbalancing.ModifyRule],
        [rules],
        Condition(StringEquals("aws:ResourceTag/chess:env", draft.profile.env)),
    )


def _in_region() -> Condition:
    return Condition(StringEquals("aws:RequestedRegion", Ref("AWS::Region")))


def _rules(_draft: Draft) -> Statement:
    actions = [
        elasticloadbalancing.DescribeRules,
        elasticloadbalancing.DescribeTargetGroups,
        elasticloadbalancing.DescribeTargetHealth,
    ]
    return iam.allow("ReadRules", actions, ["*"], _in_region())


def _metrics() -> Statement:
    return iam.allow(
        "Metrics",
        [cloudwatch.PutMetricData],
        ["*"],
        Condition(StringEquals("cloudwatch:namespace", "ChessCluster")),
    )


def _traces() -> Statement:
    actions = [
        xray.GetSamplingRules,
        xray.GetSamplingTargets,
        xray.PutTelemetryRecords,
        xray.PutTraceSegments,
    ]
    return iam.allow("Traces", actions, ["*"], _in_region())


def _attach(draft: Draft) -> list[Statement]:
    groups = Sub("arn:${AWS::Partition}:elasticloadbalancing:${AWS::Region}:${AWS::AccountId}:targetgroup/*")
    own = Condition(StringEquals("aws:ResourceTag/chess:env", draft.profile.env))
    describe = ("AvailabilityZones", "Instances", "NetworkInterfaces", "SecurityGroups", "Subnets", "Vpcs")
    look = [
        elasticloadbalancing.DescribeTargetGroupAttributes,
        elasticloadbalancing.DescribeTargetGroups,
        elasticloadbalancing.DescribeTargetHealth,
        *(ec2.Action(f"Describe{kind}") for kind in describe),
    ]
    return [
        iam.allow(
            "AttachPods",
            [elasticloadbalancing.RegisterTargets, elasticloadbalancing.DeregisterTargets],
            [groups],
            own,
        ),
        iam.allow("LookAround", look, ["*"], _in_region()),
    ]


def _secrets(draft: Draft) -> list[Statement]:
    arns = [
        draft.take("security", "CachePasswordArn"),
        draft.take("security", "TokenKeyArn"),
        draft.take("data-rds", "SecretArn"),
    ]
    via = Sub("secretsmanager.${AWS::Region}.amazonaws.com")
    return [
        iam.allow("ReadSecrets", [secretsmanager.DescribeSecret, secretsmanager.GetSecretValue], arns),
        iam.allow(
            "OpenThem",
            [kms.Decrypt],
            [draft.take("security", "DataKeyArn")],
            Condition(StringEquals("kms:ViaService", via)),
        ),
    ]


STACK = define(
    "eks-platform",
    "Add-ons that need nodes, and the identities of pods",
    compose,
    after=frozenset({"eks-nodes"}),
)
"""After the nodes: CoreDNS and the CSI driver never become active without one."""
