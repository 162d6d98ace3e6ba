"""The Kubernetes control plane, who may use it, and the add-ons that nodes need before they join.

vpc-cni, kube-proxy and the Pod Identity agent are daemon sets: they become active with no node there, and a
node without them never becomes ready. That is why they live here and not with the other add-ons. Network policy
is switched on in vpc-cni; without it every NetworkPolicy of the charts would be decoration.
"""

import json
from typing import Any

from troposphere import GetAtt, Ref, ec2, eks

from chess_stacks.parts import iam, log_groups, names, retention
from chess_stacks.parts.stack import Draft, define
from chess_stacks.profile.sections import Eks
from chess_stacks.stacks.security import POSTGRES_PORT, REDIS_PORT

_AUTO_CLUSTER = (
    "AmazonEKSComputePolicy",
    "AmazonEKSBlockStoragePolicy",
    "AmazonEKSLoadBalancingPolicy",
    "AmazonEKSNetworkingPolicy",
)
_BEFORE_NODES = ("vpc-cni", "kube-proxy", "eks-pod-identity-agent")


def compose(draft: Draft) -> None:
    """Fill the control-plane template."""
    wanted = draft.profile.eks
    auto = wanted.compute == "auto"
    name = names.cluster_name(draft.profile.env)
    log_groups.group(draft, "ClusterLogGroup", wanted.log_days, f"/aws/eks/{name}/cluster")
    _roles(draft, auto=auto)
    cluster = _cluster(draft, wanted, name, auto=auto)
    _access(draft, wanted)
    if auto:
        _auto_chain(draft)
    else:
        for addon in _BEFORE_NODES:
            _early_addon(draft, addon)
    draft.give("ClusterName", Ref(cluster), "Name of the cluster")
    draft.give("ClusterArn", GetAtt(cluster, "Arn"), "ARN of the cluster")
    draft.give("Endpoint", GetAtt(cluster, "Endpoint"), "Address of the API server")
    draft.give("ClusterSecurityGroupId", GetAtt(cluster, "ClusterSecurityGroupId"), "EKS' own security group")
    draft.give("Version", wanted.version, "Kubernetes version")


def _roles(draft: Draft, *, auto: bool) -> None:
    own = ("AmazonEKSClusterPolicy", *(_AUTO_CLUSTER if auto else ()))
    trust = iam.cluster_trust() if auto else iam.plain_trust("eks.amazonaws.com")
    iam.role(draft, "ClusterRole", trust, description="The control plane", managed_policies=own)
    if auto:
        iam.role(
            draft,
            "AutoNodeRole",
            iam.plain_trust("ec2.amazonaws.com"),
            description="Nodes that Auto Mode makes",
            managed_policies=["AmazonEKSWorkerNodeMinimalPolicy", "AmazonEC2ContainerRegistryPullOnly"],
        )
    else:
        iam.role(
            draft,
            "CniRole",
            iam.pod_trust("kube-system", "aws-node"),
            description="vpc-cni gives pods their addresses",
            managed_policies=["AmazonEKS_CNI_Policy"],
        )


def _cluster(draft: Draft, wanted: Eks, name: str, *, auto: bool) -> eks.Cluster:
    return draft.add(
        eks.Cluster(
            "Cluster",
            Name=name,
            Version=wanted.version,
            RoleArn=GetAtt("ClusterRole", "Arn"),
            AccessConfig=eks.AccessConfig(
                AuthenticationMode="API", BootstrapClusterCreatorAdminPermissions=False
            ),
            BootstrapSelfManagedAddons=False,
            DeletionProtection=wanted.deletion_protection,
            EncryptionConfig=[
                eks.EncryptionConfig(
                    Provider=eks.Provider(KeyArn=draft.take("security", "ClusterKeyArn")),
                    Resources=["secrets"],
                )
            ],
            Logging=_logging(wanted),
            ResourcesVpcConfig=_vpc(draft, wanted),
            UpgradePolicy=eks.UpgradePolicy(
                SupportType="EXTENDED" if wanted.extended_support else "STANDARD"
            ),
            ZonalShiftConfig=eks.ZonalShiftConfig(Enabled=not draft.profile.network.single_zone),
            Tags=draft.tags("cluster"),
            DependsOn="ClusterLogGroup",
            **(_auto_mode() if auto else {}),
            **retention.delete(),
        )
    )


def _logging(wanted: Eks) -> eks.Logging:
    return eks.Logging(
        ClusterLogging=eks.ClusterLogging(
            EnabledTypes=[eks.LoggingTypeConfig(Type=kind) for kind in wanted.logs]
        )
    )


def _vpc(draft: Draft, wanted: Eks) -> eks.ResourcesVpcConfig:
    public = wanted.endpoint != "private"
    more: dict[str, Any] = {"PublicAccessCidrs": list(wanted.public_cidrs)} if public else {}
    return eks.ResourcesVpcConfig(
        SubnetIds=draft.take("network", "PrivateSubnetIds", "List<AWS::EC2::Subnet::Id>"),
        EndpointPublicAccess=public,
        EndpointPrivateAccess=wanted.endpoint != "public",
        **more,
    )


def _auto_mode() -> dict[str, Any]:
    return {
        "ComputeConfig": eks.ComputeConfig(
            Enabled=True, NodePools=["general-purpose", "system"], NodeRoleArn=GetAtt("AutoNodeRole", "Arn")
        ),
        "KubernetesNetworkConfig": eks.KubernetesNetworkConfig(
            ElasticLoadBalancing=eks.ElasticLoadBalancing(Enabled=True)
        ),
        "StorageConfig": eks.StorageConfig(BlockStorage=eks.BlockStorage(Enabled=True)),
    }


def _access(draft: Draft, wanted: Eks) -> None:
    for kind, principals in (("Admin", wanted.admins), ("View", wanted.viewers)):
        policy = {"Admin": "AmazonEKSClusterAdminPolicy", "View": "AmazonEKSViewPolicy"}[kind]
        for number, principal in enumerate(principals, start=1):
            draft.add(
                eks.AccessEntry(
                    f"{kind}Access{number}",
                    ClusterName=Ref("Cluster"),
                    PrincipalArn=principal,
                    Type="STANDARD",
                    AccessPolicies=[
                        eks.AccessPolicy(
                            AccessScope=eks.AccessScope(Type="cluster"),
                            PolicyArn=iam.eks_policy(policy),
                        )
                    ],
                    Tags=draft.tags(),
                )
            )


def _early_addon(draft: Draft, name: str) -> None:
    more: dict[str, Any] = {}
    if name == "vpc-cni":
        more["ConfigurationValues"] = json.dumps({"enableNetworkPolicy": "true"})
        more["PodIdentityAssociations"] = [
            eks.PodIdentityAssociationProperty(ServiceAccount="aws-node", RoleArn=GetAtt("CniRole", "Arn"))
        ]
        more["DependsOn"] = "EksPodIdentityAgentAddon"
    addon(draft, name, Ref("Cluster"), **more)


def addon(draft: Draft, name: str, cluster: Any, **more: Any) -> eks.Addon:
    """Add an add-on: overwrites what EKS or a person put there, and goes with the stack."""
    version = draft.profile.eks.addon_versions.get(name)
    pinned: dict[str, Any] = {"AddonVersion": version} if version else {}
    return draft.add(
        eks.Addon(
            f"{names.pascal(name)}Addon",
            AddonName=name,
            ClusterName=cluster,
            ResolveConflicts="OVERWRITE",
            Tags=draft.tags(),
            **pinned,
            **more,
        )
    )


def _auto_chain(draft: Draft) -> None:
    """Put EKS' own security group into the chain: it is where Auto Mode's default node class puts pods."""
    edge = draft.profile.edge
    own = GetAtt("Cluster", "ClusterSecurityGroupId")
    links = (
        ("AutoFromAlbPlayers", own, "AlbSecurityGroupId", edge.server_port),
        ("AutoFromAlbHealth", own, "AlbSecurityGroupId", edge.admin_port),
        ("DatabaseFromAuto", "DatabaseSecurityGroupId", own, POSTGRES_PORT),
        ("CacheFromAuto", "CacheSecurityGroupId", own, REDIS_PORT),
    )
    for logical_id, to, source, port in links:
        draft.add(
            ec2.SecurityGroupIngress(
                logical_id,
                Description="Chain of the security groups, for nodes of Auto Mode",
                GroupId=_group(draft, to),
                SourceSecurityGroupId=_group(draft, source),
                IpProtocol="tcp",
                FromPort=port,
                ToPort=port,
            )
        )
    for logical_id, port in (("AlbToAutoPlayers", edge.server_port), ("AlbToAutoHealth", edge.admin_port)):
        draft.add(
            ec2.SecurityGroupEgress(
                logical_id,
                Description="Chain of the security groups, for nodes of Auto Mode",
                GroupId=_group(draft, "AlbSecurityGroupId"),
                DestinationSecurityGroupId=own,
                IpProtocol="tcp",
                FromPort=port,
                ToPort=port,
            )
        )


def _group(draft: Draft, which: Any) -> Any:
    if not isinstance(which, str):
        return which
    return draft.take("security", which, "AWS::EC2::SecurityGroup::Id")


STACK = define(
    "eks-control", "The Kubernetes control plane and who may use it; survives every change of nodes", compose
)
