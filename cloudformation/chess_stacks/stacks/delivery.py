"""Who may deploy: the role that CloudFormation assumes for each stack, and the role of CI.

It is a stack of its own because it grows with every other one: bootstrap has to fit into CloudFormation's
inline limit (the bucket for larger templates is what it makes), this one does not. Both are deployed with the
caller's own rights.
"""

from awacs import cloudformation, ecr, elasticloadbalancing, kms, s3, sts
from awacs import iam as iam_actions
from awacs.aws import Allow, Condition, Principal, Statement, StringEquals
from troposphere import GetAtt, Ref, Sub
from troposphere import iam as cfn

from chess_stacks.parts import iam, names, privileges
from chess_stacks.parts.stack import Draft, Stack, define

TITLE = "Roles that deploy every other stack; grows with them"
GITHUB = "token.actions.githubusercontent.com"


_DEPLOYING = (
    "ContinueUpdateRollback",
    "CreateChangeSet",
    "DeleteChangeSet",
    "DescribeChangeSet",
    "DescribeStackEvents",
    "DescribeStacks",
    "ExecuteChangeSet",
    "GetTemplate",
    "ListChangeSets",
    "ListStackResources",
    "RollbackStack",
    "SetStackPolicy",
    "TagResource",
    "UpdateTerminationProtection",
)
"""What `chess-stacks diff` and `deploy` ask of the environment's stacks; CI cannot delete one."""
_LOOKING = (
    cloudformation.DescribeStacks,
    cloudformation.ListStacks,
    elasticloadbalancing.DescribeListeners,
    elasticloadbalancing.DescribeRules,
)
"""What IAM limits to no resource: finding the environment's stacks by their tags, reading the operator's weights."""


def stack_of(others: tuple[Stack, ...]) -> Stack:
    """Make the delivery stack of an environment with these other stacks."""

    def compose(draft: Draft) -> None:
        _execution_roles(draft, others)
        _ci(draft, others)

    return define(names.DELIVERY, TITLE, compose)


def _execution_roles(draft: Draft, others: tuple[Stack, ...]) -> None:
    """Add a role for each stack that the profile turns on."""
    for stack in others:
        template = stack.build(draft.profile)
        if template is None:
            continue
        types = {resource.resource_type or "" for resource in template.resources.values()}
        region = stack.region(draft.profile)
        limit = draft.take(names.BOOTSTRAP, "BoundaryArn")
        wanted = privileges.statements(types, env=draft.profile.env, region=region, boundary=limit)
        _execution_role(draft, stack.key, wanted)


def _execution_role(draft: Draft, key: str, wanted: list[Statement]) -> None:
    title = names.execution_role_output(key)
    role = iam.role(
        draft,
        title,
        iam.service_trust("cloudformation.amazonaws.com"),
        description=f"CloudFormation assumes it for {names.stack_name(draft.profile.env, key)}",
        statements=wanted,
    )
    draft.give(title, GetAtt(role, "Arn"), f"Role that deploys {key}")


def _ci(draft: Draft, others: tuple[Stack, ...]) -> None:
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
    role = iam.role(
        draft,
        "CiRole",
        trust,
        description="CI deploys this environment and pushes its images",
        statements=_ci_statements(draft, others),
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
    bucket = draft.take(names.BOOTSTRAP, "ArtifactBucketName")
    push = (
        "BatchCheckLayerAvailability",
        "CompleteLayerUpload",
        "InitiateLayerUpload",
        "PutImage",
        "UploadLayerPart",
        "BatchGetImage",
    )
    return [
        iam.allow("Deploy", [cloudformation.Action(verb) for verb in _DEPLOYING], [stacks]),
        iam.allow(
            "PassRoles",
            [iam_actions.PassRole],
            roles,
            Condition(StringEquals("iam:PassedToService", "cloudformation.amazonaws.com")),
        ),
        iam.allow(
            "Artifacts",
            [s3.GetObject, s3.PutObject],
            [Sub("arn:${AWS::Partition}:s3:::${Bucket}/*", Bucket=bucket)],
        ),
        iam.allow(
            "ArtifactKey", [kms.Decrypt, kms.GenerateDataKey], [draft.take(names.BOOTSTRAP, "BaseKeyArn")]
        ),
        iam.allow(
            "Look",
            _LOOKING,
            ["*"],
            Condition(
                StringEquals("aws:RequestedRegion", sorted({draft.profile.region, names.GLOBAL_REGION}))
            ),
        ),
        iam.allow("Push", [ecr.Action(verb) for verb in push], [images]),
        iam.allow(
            "Login",
            [ecr.GetAuthorizationToken],
            ["*"],
            Condition(StringEquals("aws:RequestedRegion", Ref("AWS::Region"))),
        ),
    ]
