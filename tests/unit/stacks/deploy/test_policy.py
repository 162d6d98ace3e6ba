"""The stack policy guards what holds data, and lets go of what the user has named."""

import json

import pytest

from chess_stacks.deploy import policy
from chess_stacks.parts.retention import STATEFUL

BODY = {
    "Resources": {
        "Database": {"Type": "AWS::RDS::DBInstance"},
        "Keys": {"Type": "AWS::KMS::Key"},
        "Role": {"Type": "AWS::IAM::Role"},
    }
}


def guarded(document: str | None) -> list[str]:
    assert document is not None
    return [
        name
        for statement in json.loads(document)["Statement"]
        if statement["Effect"] == "Deny"
        for name in statement["Resource"]
    ]


def test_guards_every_resource_that_holds_data() -> None:
    assert guarded(policy.document(BODY)) == ["LogicalResourceId/Database", "LogicalResourceId/Keys"]


def test_lets_go_of_what_is_named() -> None:
    assert guarded(policy.document(BODY, frozenset({"Database"}))) == ["LogicalResourceId/Keys"]


def test_with_everything_let_go_nothing_is_denied() -> None:
    assert guarded(policy.document(BODY, frozenset({"Database", "Keys"}))) == []


def test_a_stack_without_data_needs_none() -> None:
    assert policy.document({"Resources": {"Role": {"Type": "AWS::IAM::Role"}}}) is None


@pytest.mark.parametrize("kind", sorted(STATEFUL))
def test_guards_every_type_that_holds_data(kind: str) -> None:
    document = policy.document({"Resources": {"Data": {"Type": kind}}})
    assert guarded(document) == ["LogicalResourceId/Data"]
