"""The network: as many gateways as asked for, and one zone where one is enough."""

from typing import Any

import pytest
from stack_bodies import PRIVATE, count, make, one

from chess_stacks.rules import template


@pytest.mark.parametrize(
    "base, overlay, gateways",
    [("prod", {}, 3), ("staging", {}, 1), ("hackathon", {}, 1), ("prod", PRIVATE, 0)],
    ids=["one a zone", "one", "one for one zone", "none"],
)
def test_nat_gateways_are_as_many_as_asked_for(base: str, overlay: dict[str, Any], gateways: int) -> None:
    network = make(base, overlay)["network"]
    assert count(network, "AWS::EC2::NatGateway") == gateways
    private = [
        properties
        for _, properties in template.of_type(network, "AWS::EC2::Route")
        if "NatGatewayId" in properties
    ]
    assert bool(private) is bool(gateways)


def test_a_single_zone_keeps_nodes_and_data_in_the_first() -> None:
    made = make("hackathon")
    nodes = made["network"]["Outputs"]["NodeSubnetIds"]["Value"]
    assert nodes == {"Fn::Join": [",", [{"Ref": "PrivateSubnet1"}]]}
    assert one(made["data-rds"], "AWS::RDS::DBInstance")["AvailabilityZone"] == {"Ref": "NetworkFirstZone"}
