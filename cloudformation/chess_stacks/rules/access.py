"""Rules on identities: no unlimited power, a boundary on every role, trust that names who is trusted."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from chess_stacks.rules.finding import Finding
from chess_stacks.rules.template import Body, listed, of_type, statements

UNLIMITED: Final[Mapping[tuple[str, str], str]] = {
    ("Boundary", "AtMost"): "a boundary grants nothing: it caps what roles state themselves",
    (
        "BaseKey",
        "Account",
    ): "in a key policy the resource * is this key; IAM decides who in the account uses it",
    (
        "DataKey",
        "Account",
    ): "in a key policy the resource * is this key; IAM decides who in the account uses it",
    (
        "ClusterKey",
        "Account",
    ): "in a key policy the resource * is this key; IAM decides who in the account uses it",
    (
        "EdgeLogKey",
        "Account",
    ): "in a key policy the resource * is this key; IAM decides who in the account uses it",
}
"""Logical id and statement that may allow a `*` action on the resource `*`, and why."""

ROLE_POLICY_LIMIT: Final = 10_240
"""Characters of all inline policies of a role, white space aside."""


def unlimited_actions(stack: str, body: Body) -> Iterator[Finding]:
    """Refuse `*` and `service:*` on every resource, outside the list with reasons."""
    for logical_id, statement in statements(body):
        wild = [action for action in listed(statement.get("Action", [])) if str(action).endswith("*")]
        everything = "*" in listed(statement.get("Resource", []))
        known = (logical_id, str(statement.get("Sid"))) in UNLIMITED
        if statement["Effect"] == "Allow" and wild and everything and not known:
            yield Finding(
                stack=stack,
                rule="C001",
                resource=logical_id,
                message=f"allows {', '.join(map(str, wild))} on every resource",
            )


def boundary(stack: str, body: Body) -> Iterator[Finding]:
    """Require the permission boundary on every role."""
    for logical_id, properties in of_type(body, "AWS::IAM::Role"):
        if "PermissionsBoundary" not in properties:
            yield Finding(stack=stack, rule="C002", resource=logical_id, message="has no permission boundary")


def trust(stack: str, body: Body) -> Iterator[Finding]:
    """Refuse a role that anybody may assume."""
    for logical_id, properties in of_type(body, "AWS::IAM::Role"):
        for statement in listed(properties["AssumeRolePolicyDocument"]["Statement"]):
            if _anybody(statement.get("Principal")):
                yield Finding(stack=stack, rule="C003", resource=logical_id, message="trusts every principal")


def _anybody(principal: Any) -> bool:
    if isinstance(principal, dict):
        return any("*" in listed(value) for value in principal.values())
    return bool(principal == "*")


def policy_size(stack: str, body: Body) -> Iterator[Finding]:
    """Refuse a role whose policies are too long for IAM."""
    for logical_id, properties in of_type(body, "AWS::IAM::Role"):
        documents = [policy["PolicyDocument"] for policy in properties.get("Policies", ())]
        size = sum(len(json.dumps(document, separators=(",", ":"))) for document in documents)
        if size > ROLE_POLICY_LIMIT:
            message = f"{size} characters of policies; allowed {ROLE_POLICY_LIMIT}"
            yield Finding(stack=stack, rule="C006", resource=logical_id, message=message)


def escalation(stack: str, body: Body) -> Iterator[Finding]:
    """Let roles be made or changed only with a boundary on them, and passed only by name."""
    makes = {"iam:CreateRole", "iam:PutRolePolicy", "iam:AttachRolePolicy", "iam:PutRolePermissionsBoundary"}
    for logical_id, statement in statements(body):
        if statement["Effect"] != "Allow":
            continue
        actions = set(map(str, listed(statement.get("Action", []))))
        bounded = "iam:PermissionsBoundary" in str(statement.get("Condition", ""))
        if actions & makes and not bounded:
            yield Finding(
                stack=stack, rule="C004", resource=logical_id, message="may make roles without the boundary"
            )
        if "iam:PassRole" in actions and "*" in listed(statement.get("Resource")):
            yield Finding(stack=stack, rule="C004", resource=logical_id, message="may pass any role")


def secrets(stack: str, body: Body) -> Iterator[Finding]:
    """Refuse a password in plain text: AWS manages it, or it comes by dynamic reference."""
    passwords = ("MasterUserPassword", "AuthToken", "SecretString", "Passwords")
    for logical_id, resource in body["Resources"].items():
        for path, value in _walk(resource.get("Properties", {})):
            if path in passwords and "{{resolve:secretsmanager:" not in str(value):
                yield Finding(
                    stack=stack, rule="C005", resource=logical_id, message=f"{path} is in plain text"
                )
        properties = resource.get("Properties", {})
        if "MasterUserPassword" in properties and properties.get("ManageMasterUserPassword"):
            yield Finding(
                stack=stack,
                rule="C005",
                resource=logical_id,
                message="has both password modes; AWS takes one",
            )


def _walk(node: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(node, dict):
        for key, value in node.items():
            yield key, value
            yield from _walk(value)
    elif isinstance(node, list):
        for item in node:
            yield from _walk(item)
