"""Redis: how clients reach it, and that it never evicts a game."""

from typing import Any

import pytest
from stack_bodies import make, one

from chess_stacks.profile.load import NAMES
from chess_stacks.rules import template


@pytest.mark.parametrize(
    "cache, endpoint, clustered",
    [
        ({"kind": "node"}, "PrimaryEndPoint.Address", "false"),
        ({"kind": "replication-group", "replicas": 2}, "PrimaryEndPoint.Address", "false"),
        ({"kind": "cluster", "shards": 2}, "ConfigurationEndPoint.Address", "true"),
        ({"kind": "serverless", "version": "8"}, "Endpoint.Address", "true"),
    ],
    ids=["node", "replication-group", "cluster", "serverless"],
)
def test_clients_learn_where_redis_is_and_how_it_speaks(
    cache: dict[str, Any], endpoint: str, clustered: str
) -> None:
    outputs = make("dev", {"cache": {"replicas": 0, **cache}})["data-cache"]["Outputs"]
    assert outputs["Endpoint"]["Value"]["Fn::GetAtt"][1] == endpoint
    assert outputs["ClusterMode"]["Value"] == clustered


@pytest.mark.parametrize("base", NAMES)
def test_redis_refuses_writes_rather_than_evict_a_game(base: str) -> None:
    group = one(make(base)["data-cache"], "AWS::ElastiCache::ParameterGroup")
    assert group["Properties"]["maxmemory-policy"] == "noeviction"


def test_redis_default_user_may_do_nothing() -> None:
    overlay = {"cache": {"engine": "redis", "version": "7.1"}}
    users = dict(template.of_type(make("dev", overlay)["data-cache"], "AWS::ElastiCache::User"))
    assert users["DefaultUser"]["AccessString"].startswith("off ")
    assert users["DefaultUser"]["AccessString"].endswith("-@all")
