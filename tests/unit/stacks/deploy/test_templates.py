"""Differences between two templates, with their values."""

from typing import Any

import pytest

from chess_stacks.deploy import templates
from chess_stacks.deploy.templates import Difference


def body(**properties: Any) -> dict[str, Any]:
    return {"Resources": {"Thing": {"Type": "AWS::S3::Bucket", "Properties": properties}}}


@pytest.mark.parametrize(
    "old,new,expected",
    [
        pytest.param(body(Name="a"), body(Name="a"), [], id="equal"),
        pytest.param(body(Name="a"), body(Name="b"), [("Name", "a", "b")], id="changed"),
        pytest.param(body(), body(Name="b"), [("Name", None, "b")], id="set"),
        pytest.param(body(Name="a"), body(), [("Name", "a", None)], id="unset"),
        pytest.param(body(A={"B": 1, "C": 2}), body(A={"B": 1, "C": 3}), [("A.C", "2", "3")], id="nested"),
        pytest.param(
            body(A={"Ref": "X"}),
            body(A={"Ref": "Y"}),
            [("A", '{"Ref": "X"}', '{"Ref": "Y"}')],
            id="whole-intrinsic",
        ),
        pytest.param(body(A=[1, 2]), body(A=[2]), [("A", "[1, 2]", "[2]")], id="lists-are-values"),
    ],
)
def test_names_path_and_values(
    old: Any, new: Any, expected: list[tuple[str, str | None, str | None]]
) -> None:
    found = templates.compare(old, new)
    assert [(item.path, item.before, item.after) for item in found] == expected


def test_added_and_removed_resources_are_shown_with_their_type() -> None:
    assert templates.compare({}, body()) == (
        Difference(section="Resources", logical_id="Thing", path="", before=None, after="AWS::S3::Bucket"),
    )
    assert templates.compare(body(), {})[0].before == "AWS::S3::Bucket"


def test_deletion_policy_and_other_attributes_count() -> None:
    old, new = body(), body()
    new["Resources"]["Thing"]["DeletionPolicy"] = "Retain"
    assert [item.path for item in templates.compare(old, new)] == ["@DeletionPolicy"]


def test_sections_beside_resources_are_compared() -> None:
    old = {"Outputs": {"Id": {"Value": "1"}}}
    new = {"Outputs": {"Id": {"Value": "2"}}}
    assert templates.compare(old, new)[0].section == "Outputs"


def test_what_may_be_a_password_is_blanked() -> None:
    found = templates.compare(body(MasterUserPassword="hunter2"), body(MasterUserPassword="swordfish"))
    assert (found[0].before, found[0].after) == ("****", "****")


def test_a_reference_to_a_secret_is_shown() -> None:
    reference = "{{resolve:secretsmanager:chess:SecretString:password}}"
    assert templates.compare(body(), body(MasterUserPassword=reference))[0].after == reference


def test_long_values_are_cut() -> None:
    shown = templates.compare(body(), body(Name="x" * 500))[0].after
    assert shown is not None
    assert len(shown) == 120
