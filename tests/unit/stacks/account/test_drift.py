"""Drift, less what the operator changes by right."""

from typing import Any

from chess_stacks.account import drift, weights

WEIGHT = "/Actions/0/ForwardConfig/TargetGroups/0/Weight"


def entry(*paths: str, kind: str = weights.RULE, status: str = "MODIFIED") -> dict[str, Any]:
    return {
        "LogicalResourceId": "Rule",
        "ResourceType": kind,
        "StackResourceDriftStatus": status,
        "PropertyDifferences": [
            {"PropertyPath": path, "DifferenceType": "NOT_EQUAL", "ExpectedValue": "1", "ActualValue": "2"}
            for path in paths
        ],
    }


def sort(*entries: dict[str, Any], types: tuple[str, ...] = (weights.RULE,)) -> drift.StackDrift:
    return drift.sort("edge-regional", "chess-dev-edge-regional", list(entries), list(types))


def test_weights_alone_are_no_drift() -> None:
    found = sort(entry(WEIGHT))
    assert (found.drifted, found.ignored) == ((), (f"Rule{WEIGHT}",))


def test_another_property_of_the_rule_is() -> None:
    (resource,) = sort(entry(WEIGHT, "/Priority")).drifted
    assert [prop.path for prop in resource.properties] == ["/Priority"]


def test_a_deleted_resource_is() -> None:
    (resource,) = sort(entry(status="DELETED")).drifted
    assert resource.status == "DELETED"


def test_what_is_in_sync_is_not() -> None:
    assert sort(entry(status="IN_SYNC")).drifted == ()


def test_what_could_not_be_looked_at_is_reported() -> None:
    found = sort(entry(status="IN_SYNC"), types=(weights.RULE, "AWS::EKS::Addon"))
    assert found.unchecked == ("AWS::EKS::Addon",)
