"""The address plan: no overlap, nothing outside the VPC, and a new zone moves nothing."""

import ipaddress
from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from chess_stacks.parts import subnets

_PRIVATE = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")


@st.composite
def vpcs(draw: st.DrawFn) -> str:
    within = ipaddress.IPv4Network(draw(st.sampled_from(_PRIVATE)))
    prefix = draw(st.integers(max(16, within.prefixlen), 20))
    step = 2 ** (32 - prefix)
    place = draw(st.integers(0, within.num_addresses // step - 1))
    return str(ipaddress.IPv4Network((int(within.network_address) + place * step, prefix)))


def blocks(cidr: str, zones: int) -> list[ipaddress.IPv4Network]:
    return [
        ipaddress.IPv4Network(block)
        for zone in subnets.plan(cidr, zones)
        for block in (zone.public, zone.private, zone.data)
    ]


@given(vpcs(), st.integers(2, 3))
def test_blocks_never_overlap_and_lie_in_the_vpc(cidr: str, zones: int) -> None:
    taken = blocks(cidr, zones)
    assert len(taken) == 3 * zones
    assert not any(one.overlaps(other) for one, other in combinations(taken, 2))
    assert all(block.subnet_of(ipaddress.IPv4Network(cidr)) for block in taken)


@given(vpcs())
def test_a_third_zone_moves_nothing(cidr: str) -> None:
    assert subnets.plan(cidr, 3)[:2] == subnets.plan(cidr, 2)


@given(vpcs())
def test_aws_takes_every_block_and_pods_get_the_most(cidr: str) -> None:
    for zone in subnets.plan(cidr, 3):
        sizes = [ipaddress.IPv4Network(block).prefixlen for block in (zone.private, zone.public, zone.data)]
        assert all(16 <= size <= 28 for size in sizes)
        assert sizes[0] == min(sizes)


def test_the_plan_of_a_known_vpc() -> None:
    first = subnets.plan("10.10.0.0/16", 2)[1]
    assert (first.private, first.public, first.data) == ("10.10.32.0/19", "10.10.196.0/22", "10.10.228.0/22")
