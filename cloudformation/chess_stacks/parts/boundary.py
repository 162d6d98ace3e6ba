"""The permission boundary: the most that any role of the environment can ever do, its own included.

It admits the services that an environment uses, and never its own change, a role without it, or users and their
keys. It grants nothing: a role may do what both it and the boundary allow.
"""

from typing import Any

from awacs import iam as iam_actions
from awacs.aws import Action, Allow, Condition, Deny, Statement, StringNotEquals
from troposphere import Ref, Sub
from troposphere import iam as cfn

from chess_stacks.parts import iam, names, privileges
from chess_stacks.parts.stack import Draft

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


def add(draft: Draft) -> cfn.ManagedPolicy:
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
            Sid="AtMost",
            Effect=Allow,
            Action=[Action(service, "*") for service in privileges.SERVICES],
            Resource=["*"],
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
