"""PostgreSQL: passwords, pauses and readers."""

import pytest
from stack_bodies import count, make, one

from chess_stacks.rules import template


def test_aurora_can_sleep() -> None:
    cluster = one(make("hackathon")["data-rds"], "AWS::RDS::DBCluster")
    scaling = cluster["ServerlessV2ScalingConfiguration"]
    assert scaling == {"MinCapacity": 0.0, "MaxCapacity": 2.0, "SecondsUntilAutoPause": 300}


def test_aurora_that_may_not_sleep_has_no_pause() -> None:
    cluster = one(make("staging")["data-rds"], "AWS::RDS::DBCluster")
    assert "SecondsUntilAutoPause" not in cluster["ServerlessV2ScalingConfiguration"]


@pytest.mark.parametrize("replicas", [0, 1, 2])
def test_rds_manages_the_password_unless_there_are_replicas(replicas: int) -> None:
    body = make("dev", {"database": {"replicas": replicas}})["data-rds"]
    primary = body["Resources"]["Primary"]["Properties"]
    assert ("ManageMasterUserPassword" in primary) is (replicas == 0)
    assert ("MasterUserPassword" in primary) is (replicas > 0)
    assert count(body, "AWS::RDS::DBInstance") == 1 + replicas
    reader = template.reference(body["Outputs"]["ReaderEndpoint"]["Value"])
    assert reader == ("Replica1" if replicas else "Primary")


def test_readers_scale_between_their_bounds() -> None:
    target = one(make("prod")["data-rds"], "AWS::ApplicationAutoScaling::ScalableTarget")
    assert (target["MinCapacity"], target["MaxCapacity"]) == (1, 4)
    fixed = make("prod", {"database": {"max_readers": 1}})["data-rds"]
    assert count(fixed, "AWS::ApplicationAutoScaling::ScalableTarget") == 0
