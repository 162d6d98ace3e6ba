"""Who may deploy: the permission boundary, CloudFormation's execution roles, and the CI role.

The boundary caps every role of the environment, its own included: services it uses at most, never its own boundary, never users,
keys or the organisation. A role grants nothing beyond what it states itself.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from awacs import cloudformation, ecr, s3, sts
from awacs import iam as iam_actions
from awacs.aws import (
    Action,
    Allow,
    Condition,
    Deny,
    Principal,
    Statement,
    StringEquals,
    StringLike,
    StringNotEquals,
)
from troposphere import GetAtt, Ref, Sub
from troposphere import iam as cfn

from chess_stacks import iam, names, privileges

if TYPE_CHECKING:
    from chess_stacks.stack import Draft, Stack

CAPPED_TO = (
    "acm",
    "application-autoscaling",
    "autoscaling",
    "cloudformation",
    "cloudfront",
    "cloudwatch",
    "ec2",
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
    "ec2messages",
    "sts",
    "wafv2",
    "xray",
)
_FORBIDDEN = (
    "CreateAccessKey",
    "CreateLoginProfile",
    "CreateUser",
    "DeleteRolePermissionsBoundary",
    "UpdateLoginProfile",
    "AttachUserPolicy",
    "PutUserPolicy",
    "AttachGroupPolicy",
    "PutGroupPolicy",
)
_MAX_POLICY = 6_000
"""IAM counts 6,144 characters of a managed policy, white space aside."""
GITHUB = "token.actions.githubusercontent.com"


def boundary(draft: Draft) -> cfn.ManagedPolicy:
    """Add the permission boundary and publish its ARN."""
    name = f"{names.cluster_name(draft.profile.env)}-boundary"
    arn = Sub(f"arn:${{AWS::Partition}}:iam::${{AWS::AccountId}}:policy/{name}")
    policy = draft.add(
        cfn.ManagedPolicy(
            "Boundary",
            ManagedPolicyName=name,
            Description="The most that any role of this environment can ever do; it grants nothing by itself",
            PolicyDocument=iam.document(*_boundary_statements(arn)),
        )
    )
    draft.give("BoundaryArn", Ref(policy), "Boundary on every role")
    return policy


def _boundary_statements(arn: Any) -> list[Statement]:
    roles = [iam_actions.CreateRole, iam_actions.PutRolePolicy, iam_actions.AttachRolePolicy]
    own = [
        iam_actions.Action(verb)
        for verb in ("CreatePolicyVersion", "DeletePolicy", "DeletePolicyVersion", "SetDefaultPolicyVersion")
    ]
    return [
        Statement(
            Sid="AtMost", Effect=Allow, Action=[Action(service, "*") for service in CAPPED_TO], Resource=["*"]
        ),
        Statement(
            Sid="OnlyBoundedRoles",
            Effect=Deny,
            Action=[*roles, iam_actions.PutRolePermissionsBoundary],
            Resource=["*"],
            Condition=Condition(StringNotEquals("iam:PermissionsBoundary", arn)),
        ),
        Statement(Sid="NotTheBoundary", Effect=Deny, Action=own, Resource=[arn]),
        Statement(
            Sid="NoUsers",
            Effect=Deny,
            Action=[iam_actions.Action(verb) for verb in _FORBIDDEN],
            Resource=["*"],
        ),
    ]


def execution_roles(draft: Draft, others: tuple[Stack, ...], limit: cfn.ManagedPolicy) -> None:
    """Add a role for each stack that the profile turns on."""
    for stack in others:
        template = stack.build(draft.profile)
        if template is None:
            continue
        types = {resource.resource_type for resource in template.resources.values()}
        region = stack.region(draft.profile)
        wanted = privileges.statements(types, env=draft.profile.env, region=region, boundary=Ref(limit))
        _execution_role(draft, stack.key, wanted, limit)


def _execution_role(draft: Draft, key: str, wanted: list[Statement], limit: cfn.ManagedPolicy) -> None:
    title = names.execution_role_output(key)
    policies = []
    for number, chunk in enumerate(_chunks(wanted), start=1):
        policy = cfn.ManagedPolicy(
            f"{title}Policy{number}",
            Description=f"What CloudFormation does for {names.stack_name(draft.profile.env, key)}",
            PolicyDocument=iam.document(*chunk),
        )
        policies.append(Ref(draft.add(policy)))
    role = draft.add(
        cfn.Role(
            title,
            Description=f"CloudFormation assumes it for {names.stack_name(draft.profile.env, key)}",
            AssumeRolePolicyDocument=iam.service_trust("cloudformation.amazonaws.com"),
            PermissionsBoundary=Ref(limit),
            ManagedPolicyArns=policies,
            Tags=draft.tags(),
        )
    )
    draft.give(title, GetAtt(role, "Arn"), f"Role that deploys {key}")


def _chunks(wanted: list[Statement]) -> list[list[Statement]]:
    """Fill policies up to IAM's limit, first fit in order."""
    chunks: list[list[Statement]] = []
    room = 0
    for statement in wanted:
        size = len(json.dumps(statement.JSONrepr(), default=_plain, separators=(",", ":")))
        if size > room:
            chunks.append([])
            room = _MAX_POLICY
        chunks[-1].append(statement)
        room -= size
    return chunks


def _plain(value: Any) -> Any:
    """awacs and troposphere each have their own word for it."""
    return value.JSONrepr() if hasattr(value, "JSONrepr") else value.to_dict()


def ci(draft: Draft, others: tuple[Stack, ...]) -> None:
    """Add the CI role: it may start deployments and push images, and do nothing by itself."""
    wanted = draft.profile.bootstrap
    if not wanted.ci_repository:
        return
    provider = wanted.ci_provider or Ref(_provider(draft))
    trust = iam.document(
        Statement(
            Effect=Allow,
            Principal=Principal("Federated", provider),
            Action=[sts.AssumeRoleWithWebIdentity],
            Condition=Condition(
                StringEquals(
                    {
                        f"{GITHUB}:aud": "sts.amazonaws.com",
                        f"{GITHUB}:sub": f"repo:{wanted.ci_repository}:ref:{wanted.ci_ref}",
                    }
                )
            ),
        )
    )
    role = draft.add(
        cfn.Role(
            "CiRole",
            Description="CI deploys this environment and pushes its images",
            AssumeRolePolicyDocument=trust,
            PermissionsBoundary=Ref("Boundary"),
            Policies=[
                cfn.Policy(PolicyName="own", PolicyDocument=iam.document(*_ci_statements(draft, others)))
            ],
            Tags=draft.tags("ci"),
        )
    )
    draft.give("CiRoleArn", GetAtt(role, "Arn"), "Role that CI assumes by OIDC")


def _provider(draft: Draft) -> cfn.OIDCProvider:
    return draft.add(
        cfn.OIDCProvider(
            "CiProvider", Url=f"https://{GITHUB}", ClientIdList=["sts.amazonaws.com"], Tags=draft.tags()
        )
    )


def _ci_statements(draft: Draft, others: tuple[Stack, ...]) -> list[Statement]:
    prefix = names.cluster_name(draft.profile.env)
    on = [stack.key for stack in others if stack.build(draft.profile) is not None]
    roles = [GetAtt(names.execution_role_output(key), "Arn") for key in on]
    stacks = Sub(f"arn:${{AWS::Partition}}:cloudformation:*:${{AWS::AccountId}}:stack/{prefix}-*/*")
    images = Sub(f"arn:${{AWS::Partition}}:ecr:${{AWS::Region}}:${{AWS::AccountId}}:repository/{prefix}/*")
    changes = (
        "CreateChangeSet",
        "DeleteChangeSet",
        "ExecuteChangeSet",
        "DescribeChangeSet",
        "DescribeStacks",
    )
    watch = (
        "DescribeStackEvents",
        "DescribeStackResources",
        "GetTemplate",
        "TagResource",
        "ListStackResources",
    )
    push = (
        "BatchCheckLayerAvailability",
        "CompleteLayerUpload",
        "InitiateLayerUpload",
        "PutImage",
        "UploadLayerPart",
        "BatchGetImage",
    )
    return [
        iam.allow("Deploy", [cloudformation.Action(verb) for verb in (*changes, *watch)], [stacks]),
        iam.allow(
            "PassRoles",
            [iam_actions.PassRole],
            roles,
            Condition(StringEquals("iam:PassedToService", "cloudformation.amazonaws.com")),
        ),
        iam.allow("Artifacts", [s3.GetObject, s3.PutObject], [Sub("${ArtifactBucket.Arn}/*")]),
        iam.allow("Push", [ecr.Action(verb) for verb in push], [images]),
        iam.allow(
            "Login",
            [ecr.GetAuthorizationToken],
            ["*"],
            Condition(StringLike("aws:RequestedRegion", Ref("AWS::Region"))),
        ),
    ]
