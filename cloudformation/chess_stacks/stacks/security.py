"""Keys, secrets, security groups and the regional firewall.

The security groups form a chain: CloudFront's network → ALB → app → data. Each takes from the one before it and
nothing else, and the data groups let nothing out.
"""

from typing import Any

from troposphere import GetAtt, Ref, ec2, kms, secretsmanager

from chess_stacks.parts import iam, names, retention, web_acl
from chess_stacks.parts.stack import Draft, define
from chess_stacks.stacks.network import NO_EGRESS

POSTGRES_PORT = 5432
REDIS_PORT = 6379
SECRETS = {
    "CachePassword": "Password of the cache's application user",
    "TokenKey": "Key that signs players' sessions",
}


def compose(draft: Draft) -> None:
    """Fill the security template."""
    _keys(draft)
    _secrets(draft)
    _groups(draft)
    _chain(draft)
    if draft.profile.security.waf:
        acl = web_acl.web_acl(draft, scope="REGIONAL", rate_limit=draft.profile.security.waf_rate_limit)
        draft.give("RegionalWebAclArn", GetAtt(acl, "Arn"), "Firewall in front of the ALB")


def _keys(draft: Draft) -> None:
    data = _key(draft, "DataKey", "Databases, caches and secrets at rest")
    cluster = _key(draft, "ClusterKey", "Kubernetes Secrets in etcd")
    draft.give("DataKeyArn", GetAtt(data, "Arn"), "Key of databases, caches and secrets")
    draft.give("ClusterKeyArn", GetAtt(cluster, "Arn"), "Key of Kubernetes Secrets")


def _key(draft: Draft, logical_id: str, description: str) -> kms.Key:
    return draft.add(
        kms.Key(
            logical_id,
            Description=f"{names.stack_name(draft.profile.env, draft.key)}: {description}",
            EnableKeyRotation=True,
            PendingWindowInDays=draft.profile.security.key_deletion_days,
            KeyPolicy=iam.key_document(),
            Tags=draft.tags(logical_id),
            **retention.retain(draft.profile),
        )
    )


def _secrets(draft: Draft) -> None:
    for logical_id, description in SECRETS.items():
        secret = _secret(draft, logical_id, description)
        draft.give(f"{logical_id}Arn", Ref(secret), "ARN of the secret, never its value")


def _secret(draft: Draft, logical_id: str, description: str) -> secretsmanager.Secret:
    return draft.add(
        secretsmanager.Secret(
            logical_id,
            Description=f"{names.stack_name(draft.profile.env, draft.key)}: {description}",
            KmsKeyId=GetAtt("DataKey", "Arn"),
            GenerateSecretString=secretsmanager.GenerateSecretString(
                SecretStringTemplate='{"username": "chess"}',
                GenerateStringKey="password",
                PasswordLength=64,
                ExcludePunctuation=True,
            ),
            Tags=draft.tags(logical_id),
            **retention.retain(draft.profile),
        )
    )


def _groups(draft: Draft) -> None:
    cluster = names.cluster_name(draft.profile.env)
    descriptions = {
        "Alb": "Internal load balancer: takes connections of CloudFront, reaches the game pods",
        "App": "Nodes and pods: take connections of the load balancer, reach data and the internet",
        "Database": "PostgreSQL: takes connections of the pods, reaches nothing",
        "Cache": "Redis: takes connections of the pods, reaches nothing",
    }
    for name, description in descriptions.items():
        egress: dict[str, Any] = {} if name == "App" else {"SecurityGroupEgress": [NO_EGRESS]}
        tags = {"karpenter.sh/discovery": cluster} if name == "App" else {}
        group = draft.add(
            ec2.SecurityGroup(
                f"{name}SecurityGroup",
                GroupDescription=description,
                VpcId=draft.take("network", "VpcId", "AWS::EC2::VPC::Id"),
                Tags=draft.tags(name.lower(), **tags),
                **egress,
            )
        )
        draft.give(f"{name}SecurityGroupId", GetAtt(group, "GroupId"), description)


def _chain(draft: Draft) -> None:
    edge = draft.profile.edge
    listener = 443 if edge.domain else 80
    _from_network(draft, "AlbFromVpc", listener, CidrIp=draft.take("network", "VpcCidr"))
    if edge.origin_prefix_list:
        _from_network(draft, "AlbFromCloudFront", listener, SourcePrefixListId=edge.origin_prefix_list)
    for purpose, port in (("Players", edge.server_port), ("Health", edge.admin_port)):
        _link(draft, f"AppFromAlb{purpose}", "App", "Alb", port)
        _out(draft, f"AlbToApp{purpose}", "Alb", "App", port)
    _link(draft, "DatabaseFromApp", "Database", "App", POSTGRES_PORT)
    _link(draft, "CacheFromApp", "Cache", "App", REDIS_PORT)


def _from_network(draft: Draft, logical_id: str, port: int, **source: Any) -> None:
    draft.add(
        ec2.SecurityGroupIngress(
            logical_id,
            Description="VPC origin of CloudFront",
            GroupId=GetAtt("AlbSecurityGroup", "GroupId"),
            IpProtocol="tcp",
            FromPort=port,
            ToPort=port,
            **source,
        )
    )


def _link(draft: Draft, logical_id: str, to: str, source: str, port: int) -> None:
    draft.add(
        ec2.SecurityGroupIngress(
            logical_id,
            Description=f"{source} to {to}",
            GroupId=GetAtt(f"{to}SecurityGroup", "GroupId"),
            IpProtocol="tcp",
            FromPort=port,
            ToPort=port,
            SourceSecurityGroupId=GetAtt(f"{source}SecurityGroup", "GroupId"),
        )
    )


def _out(draft: Draft, logical_id: str, source: str, to: str, port: int) -> None:
    draft.add(
        ec2.SecurityGroupEgress(
            logical_id,
            Description=f"{source} to {to}",
            GroupId=GetAtt(f"{source}SecurityGroup", "GroupId"),
            IpProtocol="tcp",
            FromPort=port,
            ToPort=port,
            DestinationSecurityGroupId=GetAtt(f"{to}SecurityGroup", "GroupId"),
        )
    )


STACK = define(
    "security",
    "Keys, secrets, security groups and the regional firewall; what others are guarded by",
    compose,
)
