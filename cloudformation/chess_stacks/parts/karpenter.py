"""What Karpenter needs of AWS: a controller role, an access entry, an interruption queue and its events.

Karpenter's own objects (EC2NodeClass, NodePool) are Kubernetes' and live with the charts; they find subnets and
the security group by the tag `karpenter.sh/discovery`. The controller may only touch instances that carry the
cluster's tag.
"""

from typing import Any

from awacs import ec2 as ec2_actions
from awacs import eks as eks_actions
from awacs import iam as iam_actions
from awacs import pricing, sqs, ssm
from awacs.aws import Allow, Bool, Condition, Deny, Principal, Statement, StringEquals, StringLike
from troposphere import GetAtt, Ref, Sub, eks, events
from troposphere import sqs as cfn_sqs

from chess_stacks.parts import iam, names
from chess_stacks.parts.stack import Draft

NAMESPACE = "karpenter"
ACCOUNT = "karpenter"

_EVENTS = {
    "SpotInterruption": ("aws.ec2", "EC2 Spot Instance Interruption Warning"),
    "Rebalance": ("aws.ec2", "EC2 Instance Rebalance Recommendation"),
    "StateChange": ("aws.ec2", "EC2 Instance State-change Notification"),
    "HealthEvent": ("aws.health", "AWS Health Event"),
}
_ZONED = ("fleet", "instance", "volume", "network-interface", "launch-template", "spot-instances-request")


def add(draft: Draft) -> None:
    """Add Karpenter's part to the node template."""
    cluster = draft.take("eks-control", "ClusterName")
    _node_role(draft, cluster)
    queue = _queue(draft)
    role = iam.role(
        draft,
        "KarpenterRole",
        iam.pod_trust(NAMESPACE, ACCOUNT),
        description="Karpenter makes and removes nodes of this cluster",
        statements=_statements(draft, queue),
    )
    draft.add(
        eks.PodIdentityAssociation(
            "KarpenterIdentity",
            ClusterName=cluster,
            Namespace=NAMESPACE,
            ServiceAccount=ACCOUNT,
            RoleArn=GetAtt(role, "Arn"),
            Tags=draft.tags(),
        )
    )
    draft.give("KarpenterNodeRoleName", Ref("KarpenterNodeRole"), "Role of the nodes that Karpenter makes")
    draft.give("KarpenterQueueName", GetAtt(queue, "QueueName"), "Queue of interruption notices")
    draft.give("KarpenterRoleArn", GetAtt(role, "Arn"), "Role of Karpenter's controller")


def _node_role(draft: Draft, cluster: Any) -> None:
    """Give Karpenter's nodes a role of their own: EKS itself makes the access entry of a managed group's role."""
    iam.role(
        draft,
        "KarpenterNodeRole",
        iam.plain_trust("ec2.amazonaws.com"),
        description="What a node that Karpenter makes may do",
        managed_policies=iam.NODE_POLICIES,
    )
    draft.add(
        eks.AccessEntry(
            "KarpenterNodeAccess",
            ClusterName=cluster,
            PrincipalArn=GetAtt("KarpenterNodeRole", "Arn"),
            Type="EC2_LINUX",
            Tags=draft.tags(),
        )
    )


def _queue(draft: Draft) -> cfn_sqs.Queue:
    queue = draft.add(
        cfn_sqs.Queue(
            "InterruptionQueue",
            MessageRetentionPeriod=300,
            SqsManagedSseEnabled=True,
            Tags=draft.tags("interruptions"),
            DeletionPolicy="Delete",
            UpdateReplacePolicy="Delete",
        )
    )
    draft.add(
        cfn_sqs.QueuePolicy(
            "InterruptionQueuePolicy",
            Queues=[Ref(queue)],
            PolicyDocument=iam.document(
                Statement(
                    Sid="Events",
                    Effect=Allow,
                    Principal=Principal("Service", "events.amazonaws.com"),
                    Action=[sqs.SendMessage],
                    Resource=[GetAtt(queue, "Arn")],
                    Condition=Condition(StringEquals("aws:SourceAccount", Ref("AWS::AccountId"))),
                ),
                Statement(
                    Sid="OnlyTls",
                    Effect=Deny,
                    Principal=Principal("*"),
                    Action=[sqs.Action("*")],
                    Resource=[GetAtt(queue, "Arn")],
                    Condition=Condition(Bool("aws:SecureTransport", "false")),
                ),
            ),
        )
    )
    for name, (source, kind) in _EVENTS.items():
        draft.add(
            events.Rule(
                f"{name}Rule",
                Description=f"{kind} → Karpenter",
                EventPattern={"source": [source], "detail-type": [kind]},
                Targets=[events.Target(Id="Queue", Arn=GetAtt(queue, "Arn"))],
            )
        )
    return queue


def _arn(kind: str, owner: str = "${AWS::AccountId}") -> Sub:
    return Sub(f"arn:${{AWS::Partition}}:ec2:${{AWS::Region}}:{owner}:{kind}/*")


def _statements(draft: Draft, queue: Any) -> list[Statement]:
    tag = f"kubernetes.io/cluster/{names.cluster_name(draft.profile.env)}"
    asked = Condition(
        [
            StringEquals(f"aws:RequestTag/{tag}", "owned"),
            StringLike("aws:RequestTag/karpenter.sh/nodepool", "*"),
        ]
    )
    owned = Condition(
        [
            StringEquals(f"aws:ResourceTag/{tag}", "owned"),
            StringLike("aws:ResourceTag/karpenter.sh/nodepool", "*"),
        ]
    )
    made = [_arn(kind) for kind in _ZONED]
    used = [
        _arn("image", "*"),
        _arn("snapshot", "*"),
        *(_arn(kind) for kind in ("security-group", "subnet", "capacity-reservation", "launch-template")),
    ]
    create = [ec2_actions.RunInstances, ec2_actions.CreateFleet]
    return [
        iam.allow("LaunchFromShared", create, used),
        iam.allow("LaunchTagged", [*create, ec2_actions.CreateLaunchTemplate], made, asked),
        iam.allow(
            "TagWhatIsMade",
            [ec2_actions.CreateTags],
            made,
            Condition(
                [
                    StringEquals(f"aws:RequestTag/{tag}", "owned"),
                    StringEquals("ec2:CreateAction", ["RunInstances", "CreateFleet", "CreateLaunchTemplate"]),
                ]
            ),
        ),
        iam.allow("TagOwn", [ec2_actions.CreateTags], [_arn("instance")], owned),
        iam.allow(
            "RemoveOwn",
            [ec2_actions.TerminateInstances, ec2_actions.DeleteLaunchTemplate],
            [_arn("instance"), _arn("launch-template")],
            owned,
        ),
        *_reading(draft, queue),
        *_profiles(draft),
    ]


def _reading(draft: Draft, queue: Any) -> list[Statement]:
    describe = [
        ec2_actions.Action(f"Describe{kind}")
        for kind in (
            "AvailabilityZones",
            "CapacityReservations",
            "Images",
            "Instances",
            "InstanceTypeOfferings",
            "InstanceTypes",
            "LaunchTemplates",
            "SecurityGroups",
            "SpotPriceHistory",
            "Subnets",
        )
    ]
    cluster = Sub(
        f"arn:${{AWS::Partition}}:eks:${{AWS::Region}}:${{AWS::AccountId}}:cluster/{names.cluster_name(draft.profile.env)}"
    )
    parameters = Sub("arn:${AWS::Partition}:ssm:${AWS::Region}::parameter/aws/service/*")
    return [
        iam.allow(
            "LookAround", describe, ["*"], Condition(StringEquals("aws:RequestedRegion", Ref("AWS::Region")))
        ),
        iam.allow("Prices", [pricing.GetProducts], ["*"]),
        iam.allow("Images", [ssm.GetParameter], [parameters]),
        iam.allow("Cluster", [eks_actions.DescribeCluster], [cluster]),
        iam.allow(
            "Interruptions",
            [sqs.DeleteMessage, sqs.GetQueueUrl, sqs.ReceiveMessage],
            [GetAtt(queue, "Arn")],
        ),
    ]


def _profiles(draft: Draft) -> list[Statement]:
    tag = f"kubernetes.io/cluster/{names.cluster_name(draft.profile.env)}"
    profiles = Sub("arn:${AWS::Partition}:iam::${AWS::AccountId}:instance-profile/*")
    return [
        iam.allow(
            "PassNodeRole",
            [iam_actions.PassRole],
            [GetAtt("KarpenterNodeRole", "Arn")],
            Condition(StringEquals("iam:PassedToService", "ec2.amazonaws.com")),
        ),
        iam.allow(
            "MakeProfiles",
            [iam_actions.CreateInstanceProfile, iam_actions.TagInstanceProfile],
            [profiles],
            Condition(StringEquals(f"aws:RequestTag/{tag}", "owned")),
        ),
        iam.allow(
            "OwnProfiles",
            [
                iam_actions.AddRoleToInstanceProfile,
                iam_actions.RemoveRoleFromInstanceProfile,
                iam_actions.DeleteInstanceProfile,
            ],
            [profiles],
            Condition(StringEquals(f"aws:ResourceTag/{tag}", "owned")),
        ),
        iam.allow("ReadProfiles", [iam_actions.GetInstanceProfile], [profiles]),
    ]
