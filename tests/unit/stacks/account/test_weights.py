"""The operator's weights survive a deployment."""

from typing import Any

import pytest

from chess_stacks.account import weights

GROUPS = {"arn:blue": "Blue", "arn:green": "Green"}


def rule(blue: Any = 100, green: Any = 0) -> dict[str, Any]:
    targets = [
        {"TargetGroupArn": {"Ref": "Blue"}, "Weight": blue},
        {"TargetGroupArn": {"Ref": "Green"}, "Weight": green},
    ]
    actions = [{"Type": "forward", "ForwardConfig": {"TargetGroups": targets}}]
    return {
        "Resources": {
            "Rule": {"Type": weights.RULE, "Properties": {"Actions": actions}},
            "Blue": {"Type": "AWS::ElasticLoadBalancingV2::TargetGroup"},
        }
    }


def written(body: dict[str, Any]) -> list[Any]:
    (action,) = body["Resources"]["Rule"]["Properties"]["Actions"]
    return [target["Weight"] for target in action["ForwardConfig"]["TargetGroups"]]


def test_live_weights_replace_the_templates() -> None:
    answer = {
        "Actions": [
            {
                "ForwardConfig": {
                    "TargetGroups": [
                        {"TargetGroupArn": "arn:blue", "Weight": 30},
                        {"TargetGroupArn": "arn:green", "Weight": 70},
                    ]
                }
            }
        ]
    }
    original = rule()
    body, parameters = weights.carry(original, weights.live("Rule", answer, GROUPS))
    assert written(body) == [30, 70]
    assert parameters == {}
    assert written(original) == [100, 0], "the assembly itself stays as it was"


def test_weights_that_are_parameters_are_given_as_such() -> None:
    body = rule({"Ref": "BlueWeight"}, {"Ref": "GreenWeight"})
    carried, parameters = weights.carry(body, {("Rule", "Blue"): "5", ("Rule", "Green"): "95"})
    assert parameters == {"BlueWeight": "5", "GreenWeight": "95"}
    assert written(carried) == written(body)


def test_recorded_weights_are_the_deployed_templates() -> None:
    assert weights.recorded(rule(60, 40), {}) == {("Rule", "Blue"): "60", ("Rule", "Green"): "40"}


def test_recorded_parameters_fall_back_to_their_default() -> None:
    body = rule({"Ref": "BlueWeight"}, 0) | {"Parameters": {"BlueWeight": {"Default": 100}}}
    assert weights.recorded(body, {})["Rule", "Blue"] == "100"
    assert weights.recorded(body, {"BlueWeight": "7"})["Rule", "Blue"] == "7"


def test_only_rules_with_weights_are_named() -> None:
    assert weights.rules(rule()) == {"Rule": weights.RULE}
    assert weights.rules({"Resources": {}}) == {}


@pytest.mark.parametrize(
    "kind,path,expected",
    [
        (weights.RULE, "/Actions/0/ForwardConfig/TargetGroups/1/Weight", True),
        (weights.LISTENER, "/DefaultActions/0/ForwardConfig/TargetGroups/0/Weight", True),
        (weights.RULE, "/Priority", False),
        (weights.RULE, "/Actions/0/ForwardConfig/TargetGroups/1/TargetGroupArn", False),
        ("AWS::S3::Bucket", "/Actions/0/ForwardConfig/TargetGroups/1/Weight", False),
    ],
)
def test_drift_leaves_to_the_operator_only_what_is_its_own(kind: str, path: str, expected: bool) -> None:  # noqa: FBT001 - a case of the table
    assert weights.owned_by_operator(kind, path) is expected
