"""What an execution role may do: what its resource types declare, and no more."""

import json
from typing import Any

import pytest

from chess_stacks.parts import privileges, registry


def policy(*types: str) -> list[dict[str, Any]]:
    built = privileges.statements(types, env="dev", region="eu-west-1", boundary="arn:boundary")

    def plain(value: Any) -> Any:
        return value.JSONrepr() if hasattr(value, "JSONrepr") else value.to_dict()

    return [json.loads(json.dumps(statement.JSONrepr(), default=plain)) for statement in built]


def statement(wanted: str, *types: str) -> dict[str, Any]:
    return next(one for one in policy(*types) if wanted in one["Action"])


def test_actions_are_those_of_the_types_own_handlers() -> None:
    assert {"eks:CreateAddon", "eks:DescribeAddon", "eks:DeleteAddon"} <= privileges.actions(
        ["AWS::EKS::Addon"]
    )
    assert "eks:CreateCluster" not in privileges.actions(["AWS::EKS::Addon"])


def test_what_a_handler_does_not_declare_is_listed_with_a_reason() -> None:
    assert "kms:CreateGrant" in privileges.actions(["AWS::RDS::DBCluster"])
    assert all(reason for _, reason in privileges.EXTRA.values())


@pytest.mark.parametrize("kind", privileges.EXTRA)
def test_every_extra_action_is_one_and_still_undeclared(kind: str) -> None:
    extra = set(privileges.EXTRA[kind][0])
    assert all(registry.is_action(action) for action in extra)
    assert extra - registry.handler_permissions(kind), "the registry declares them all by now: drop the entry"


def test_no_action_has_a_wildcard_or_is_unknown_to_iam() -> None:
    types = ["AWS::S3::Bucket", "AWS::Logs::LogGroup", "AWS::EKS::Cluster", "AWS::RDS::DBCluster"]
    assert all("*" not in action and registry.is_action(action) for action in privileges.actions(types))


def test_services_outside_the_boundary_are_left_out() -> None:
    assert any(action.startswith("s3tables:") for action in registry.handler_permissions("AWS::S3::Bucket"))
    assert not any(action.startswith("s3tables:") for action in privileges.actions(["AWS::S3::Bucket"]))


def test_roles_are_only_made_with_the_boundary_on_them() -> None:
    made = statement("iam:CreateRole", "AWS::IAM::Role")
    assert made["Condition"] == {"StringEquals": {"iam:PermissionsBoundary": "arn:boundary"}}
    assert "iam:PutRolePolicy" in made["Action"]


def test_the_boundary_cannot_be_taken_off() -> None:
    assert "iam:DeleteRolePermissionsBoundary" in registry.handler_permissions("AWS::IAM::Role")
    assert "iam:DeleteRolePermissionsBoundary" not in privileges.actions(["AWS::IAM::Role"])


def test_actions_are_limited_to_the_environments_names_where_iam_can() -> None:
    arns = statement("ssm:PutParameter", "AWS::SSM::Parameter")["Resource"]
    assert arns == [
        {"Fn::Sub": "arn:${AWS::Partition}:ssm:eu-west-1:${AWS::AccountId}:parameter/chess/dev/*"}
    ]


def test_actions_that_iam_cannot_limit_are_limited_to_the_region() -> None:
    free = statement("ec2:DescribeSubnets", "AWS::EC2::Subnet")
    assert free["Resource"] == ["*"]
    assert free["Condition"] == {"StringEquals": {"aws:RequestedRegion": ["eu-west-1", "us-east-1"]}}


def test_an_unknown_type_is_an_error_and_not_an_empty_policy() -> None:
    with pytest.raises(registry.UnknownTypeError, match="AWS::No::Such"):
        privileges.actions(["AWS::No::Such"])
