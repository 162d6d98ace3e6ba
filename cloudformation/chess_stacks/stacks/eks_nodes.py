"""What pods run on: managed node groups, and with Karpenter its roles and interruption queue.

A group's instance types, capacity type, image and subnets are create-only, so a change replaces the group. Its
physical name stays unset and the new group stands before the old one goes. Instances demand IMDSv2 with one
hop, so pods cannot reach the node's role; volumes are encrypted. Each instance is in EKS' own security group
and in the app group of the chain.
"""

from troposphere import GetAtt, Ref, ec2, eks

from chess_stacks.parts import iam, karpenter, names
from chess_stacks.parts.stack import Draft, define
from chess_stacks.profile.sections import NodeGroup

_AMI = {
    ("al2023", "arm64"): "AL2023_ARM_64_STANDARD",
    ("al2023", "x86_64"): "AL2023_x86_64_STANDARD",
    ("bottlerocket", "arm64"): "BOTTLEROCKET_ARM_64",
    ("bottlerocket", "x86_64"): "BOTTLEROCKET_x86_64",
}
_DATA_DEVICE = {"al2023": "/dev/xvda", "bottlerocket": "/dev/xvdb"}


def compose(draft: Draft) -> bool:
    """Fill the node template; Auto Mode makes its own nodes and needs none."""
    wanted = draft.profile.eks
    if wanted.compute == "auto":
        return False
    role = iam.role(
        draft,
        "NodeRole",
        iam.plain_trust("ec2.amazonaws.com"),
        description="What every node may do; pods have roles of their own",
        managed_policies=iam.NODE_POLICIES,
    )
    for group in wanted.groups:
        _group(draft, group)
    draft.give("NodeRoleArn", GetAtt(role, "Arn"), "Role of every node")
    if wanted.compute == "karpenter":
        karpenter.add(draft)
    return True


def _group(draft: Draft, group: NodeGroup) -> None:
    template = _launch_template(draft, group)
    subnets = draft.take("network", "NodeSubnetIds", "List<AWS::EC2::Subnet::Id>")
    draft.add(
        eks.Nodegroup(
            f"{names.pascal(group.name)}Nodes",
            ClusterName=draft.take("eks-control", "ClusterName"),
            NodeRole=GetAtt("NodeRole", "Arn"),
            Subnets=subnets,
            AmiType=_AMI[group.ami, group.arch],
            CapacityType="SPOT" if group.capacity == "spot" else "ON_DEMAND",
            InstanceTypes=list(group.instance_types),
            ScalingConfig=eks.ScalingConfig(
                MinSize=group.min_size, DesiredSize=group.desired_size, MaxSize=group.max_size
            ),
            UpdateConfig=eks.UpdateConfig(MaxUnavailablePercentage=33),
            NodeRepairConfig=eks.NodeRepairConfig(Enabled=True),
            LaunchTemplate=eks.LaunchTemplateSpecification(
                Id=Ref(template), Version=GetAtt(template, "LatestVersionNumber")
            ),
            Labels={"chesscluster.dev/node-group": group.name, "chesscluster.dev/capacity": group.capacity},
            Tags={"chess:env": draft.profile.env},
        )
    )


def _launch_template(draft: Draft, group: NodeGroup) -> ec2.LaunchTemplate:
    volume = ec2.LaunchTemplateBlockDeviceMapping(
        DeviceName=_DATA_DEVICE[group.ami],
        Ebs=ec2.EBSBlockDevice(
            VolumeSize=group.disk_gib, VolumeType="gp3", Encrypted=True, DeleteOnTermination=True
        ),
    )
    return draft.add(
        ec2.LaunchTemplate(
            f"{names.pascal(group.name)}Template",
            LaunchTemplateData=ec2.LaunchTemplateData(
                BlockDeviceMappings=[volume],
                MetadataOptions=ec2.MetadataOptions(HttpTokens="required", HttpPutResponseHopLimit=1),
                Monitoring=ec2.Monitoring(Enabled=True),
                SecurityGroupIds=[
                    draft.take("eks-control", "ClusterSecurityGroupId", "AWS::EC2::SecurityGroup::Id"),
                    draft.take("security", "AppSecurityGroupId", "AWS::EC2::SecurityGroup::Id"),
                ],
                TagSpecifications=[
                    ec2.TagSpecifications(ResourceType=kind, Tags=draft.tags(group.name))
                    for kind in ("instance", "volume")
                ],
            ),
        )
    )


STACK = define(
    "eks-nodes",
    "Managed node groups and Karpenter's needs; replaceable without touching the cluster",
    compose,
)
