"""What the role that CloudFormation assumes for a stack may do: derived from its resource types. Pure.

Each action comes from a type's own registry handlers, or from `EXTRA`, where the reason for it stands. An
action that IAM can limit to resources is limited to this environment's names, or where AWS makes up the name to
this account and region; the others are limited to the region. Roles may only be made or changed with the
permission boundary on them.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from awacs.aws import Action, Allow, Condition, Statement, StringEquals
from troposphere import Sub

from chess_stacks.parts import names, registry

_KEY_USE = ("kms:CreateGrant", "kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey")
EXTRA: Final[Mapping[str, tuple[tuple[str, ...], str]]] = {
    "AWS::RDS::DBCluster": (_KEY_USE, "RDS encrypts with the caller's right to the key"),
    "AWS::RDS::DBInstance": (
        (*_KEY_USE, "secretsmanager:GetSecretValue"),
        "as for a cluster; the password is a dynamic reference",
    ),
    "AWS::ElastiCache::ServerlessCache": (
        _KEY_USE,
        "ElastiCache encrypts with the caller's right to the key",
    ),
    "AWS::ElastiCache::User": (
        ("secretsmanager:GetSecretValue", "kms:Decrypt"),
        "the password is a dynamic reference",
    ),
    "AWS::SecretsManager::Secret": (
        ("kms:Decrypt", "kms:GenerateDataKey"),
        "Secrets Manager encrypts with the caller's right to the key",
    ),
    "AWS::SNS::Topic": (("kms:Decrypt", "kms:GenerateDataKey"), "an encrypted topic"),
    "AWS::Logs::DeliverySource": (
        ("cloudfront:AllowVendedLogDeliveryForResource",),
        "CloudFront lets nobody else point its logs somewhere",
    ),
}
"""Resource type → actions that its handlers do not declare, and why they are needed."""

SERVICES: Final = (
    "acm",
    "application-autoscaling",
    "autoscaling",
    "cloudformation",
    "cloudfront",
    "cloudwatch",
    "ec2",
    "ec2messages",
    "ecr",
    "eks",
    "eks-auth",
    "elasticache",
    "elasticloadbalancing",
    "events",
    "iam",
    "kms",
    "logs",
    "pricing",
    "rds",
    "route53",
    "s3",
    "secretsmanager",
    "sns",
    "sqs",
    "ssm",
    "ssmmessages",
    "sts",
    "wafv2",
    "xray",
)
"""Services that an environment uses at all: the permission boundary admits these, so a role never asks for another."""

PARAMETERS: Final = ("ec2:DescribeSecurityGroups", "ec2:DescribeSubnets", "ec2:DescribeVpcs")
"""CloudFormation looks typed parameters up with the role's rights."""

NEVER: Final = frozenset({"iam:DeleteRolePermissionsBoundary"})
"""Declared by a handler, but it would undo the boundary."""

_BOUNDED: Final = frozenset(
    {"iam:CreateRole", "iam:PutRolePolicy", "iam:AttachRolePolicy", "iam:PutRolePermissionsBoundary"}
)
_GLOBAL: Final = frozenset({"iam", "cloudfront", "route53", "budgets"})
_NAMED: Final[Mapping[str, tuple[str, ...]]] = {
    "eks": (":{region}:{account}:*/{prefix}", ":{region}:{account}:*/{prefix}/*"),
    "ssm": (":{region}:{account}:parameter/chess/{env}/*",),
    "s3": (":::{prefix}-*",),
    "sqs": (":{region}:{account}:{prefix}-*",),
    "sns": (":{region}:{account}:{prefix}-*",),
    "events": (":{region}:{account}:rule/{prefix}-*",),
    "cloudwatch": (":{region}:{account}:alarm:{prefix}-*", "::{account}:dashboard/{prefix}-*"),
    "ecr": (":{region}:{account}:repository/{prefix}/*",),
    "xray": (":{region}:{account}:*/{prefix}*",),
    "route53": (":::hostedzone/*", ":::change/*"),
    "ec2": (":{region}:{account}:*", ":{region}::*"),
    "iam": (
        "::{account}:role/{prefix}-*",
        "::{account}:role/aws-service-role/*",
        "::{account}:instance-profile/*",
    ),
    "logs": (
        ":{region}:{account}:log-group:/aws/*/{prefix}/*",
        ":{region}:{account}:log-group:{prefix}-*",
        ":{region}:{account}:log-group:aws-waf-logs-{prefix}-*",
        ":{region}:{account}:delivery*",
    ),
}
"""Service → ends of the ARNs its actions are limited to; for others everything of the account and region."""


def actions(types: Iterable[str]) -> frozenset[str]:
    """Return every action that a template with these types needs, of the services that the boundary admits."""
    needed = set(PARAMETERS)
    for kind in types:
        needed |= registry.handler_permissions(kind)
        needed |= set(EXTRA.get(kind, ((), ""))[0])
    return frozenset(action for action in needed - NEVER if action.partition(":")[0] in SERVICES)


def statements(types: Iterable[str], *, env: str, region: str, boundary: Any) -> list[Statement]:
    """Write the policy of one stack's execution role."""
    needed = actions(types)
    bounded, free = needed & _BOUNDED, needed - _BOUNDED
    scoped = {action for action in free if registry.scopes_to_resource(action)}
    by_service: dict[str, set[str]] = {}
    for action in scoped:
        by_service.setdefault(action.partition(":")[0], set()).add(action)
    out = [_statement(service, by_service[service], env, region) for service in sorted(by_service)]
    if bounded:
        own = Condition(StringEquals("iam:PermissionsBoundary", boundary))
        out.append(_statement("iam", bounded, env, region, sid="BoundedRoles", condition=own))
    if free - scoped:
        out.append(_regional(free - scoped, region))
    return out


def _statement(
    service: str,
    wanted: Iterable[str],
    env: str,
    region: str,
    *,
    sid: str | None = None,
    condition: Condition | None = None,
) -> Statement:
    more = {"Condition": condition} if condition else {}
    return Statement(
        Sid=sid or names.pascal(service),
        Effect=Allow,
        Action=_awacs(wanted),
        Resource=[_arn(service, end, env, region) for end in _ends(service)],
        **more,
    )


def _ends(service: str) -> tuple[str, ...]:
    anywhere = "::{account}:*" if service in _GLOBAL else ":{region}:{account}:*"
    return _NAMED.get(service, (anywhere,))


def _arn(service: str, end: str, env: str, region: str) -> Sub:
    filled = end.format(region=region, account="${AWS::AccountId}", prefix=names.cluster_name(env), env=env)
    return Sub(f"arn:${{AWS::Partition}}:{service}{filled}")


def _regional(wanted: Iterable[str], region: str) -> Statement:
    where = sorted({region, names.GLOBAL_REGION})
    return Statement(
        Sid="WithoutResources",
        Effect=Allow,
        Action=_awacs(wanted),
        Resource=["*"],
        Condition=Condition(StringEquals("aws:RequestedRegion", where)),
    )


def _awacs(wanted: Iterable[str]) -> list[Action]:
    return [Action(*action.split(":")) for action in sorted(wanted)]
