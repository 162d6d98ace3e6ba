"""Alarms."""

from stack_bodies import make

from chess_stacks.rules import template


def test_alarms_watch_every_cache_node() -> None:
    alarms = dict(template.of_type(make("prod")["observability"], "AWS::CloudWatch::Alarm"))
    assert len([name for name in alarms if name.startswith("CacheMemory")]) == 6
