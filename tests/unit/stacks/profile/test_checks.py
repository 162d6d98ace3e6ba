"""A profile that AWS would refuse is refused here, with the field, the value and what is allowed."""

from typing import Any

import pytest

from chess_stacks.profile import checks
from chess_stacks.profile.load import ProfileError, load

PRIVATE = {"nat": "none", "interface_endpoints": ["ecr.api", "ecr.dkr", "ec2", "sts", "eks", "eks-auth"]}
GROUP = {"name": "one", "instance_types": ["m7g.large"]}

REFUSED: dict[str, tuple[dict[str, Any], str, str]] = {
    "unknown field": ({"network": {"zone": 2}}, "network.zone", "unknown field"),
    "misspelt choice": ({"network": {"nat": "one"}}, "network.nat: 'one'", "'none', 'single' or 'per-zone'"),
    "no network": ({"network": {"cidr": "10.0.0.0.0/16"}}, "network.cidr: '10.0.0.0.0/16'", "pattern"),
    "host bits": ({"network": {"cidr": "10.0.0.1/16"}}, "network.cidr: '10.0.0.1/16'", "an IPv4 network"),
    "small network": ({"network": {"cidr": "10.0.0.0/24"}}, "network.cidr", "/16 to /20"),
    "public range": ({"network": {"cidr": "8.8.0.0/16"}}, "network.cidr", "a private range"),
    "one zone": ({"network": {"zones": 1}}, "network.zones: 1", "greater than or equal to 2"),
    "fewer names than zones": (
        {"network": {"zone_names": ["us-east-1a"]}},
        "network.zone_names: ['us-east-1a']",
        "2 different zones",
    ),
    "zones of another region": (
        {"network": {"zone_names": ["eu-west-1a", "eu-west-1b"]}},
        "network.zone_names",
        "zones of us-east-1",
    ),
    "a NAT for each of one zone": (
        {"network": {"single_zone": True, "nat": "per-zone"}},
        "network.nat",
        "none or single",
    ),
    "no NAT and no endpoints": ({"network": {"nat": "none"}}, "network.interface_endpoints", "sts"),
    "a public endpoint that nodes cannot reach": (
        {"network": PRIVATE, "eks": {"endpoint": "public"}},
        "eks.endpoint: 'public'",
        "both or private",
    ),
    "an address that is none": (
        {"eks": {"public_cidrs": ["home"]}},
        "eks.public_cidrs: 'home'",
        "IPv4 networks",
    ),
    "a group of nothing": ({"eks": {"groups": [{"name": "one"}]}}, "eks.groups[0].instance_types", "missing"),
    "old Kubernetes": ({"eks": {"version": "1.20"}}, "eks.version: '1.20'", "1.35 or newer"),
    "Kubernetes as a number": ({"eks": {"version": 1.36}}, "eks.version: 1.36", "string"),
    "misspelt add-on": ({"eks": {"addons": ["core-dns"]}}, "eks.addons[0]: 'core-dns'", "'coredns'"),
    "misspelt version of an add-on": (
        {"eks": {"addon_versions": {"coredns": "1.11"}}},
        "eks.addon_versions.coredns",
        "eksbuild",
    ),
    "the whole internet by default": (
        {"eks": {"public_cidrs": []}},
        "eks.public_cidrs",
        "for everyone, write 0.0.0.0/0",
    ),
    "a private endpoint for some": ({"eks": {"endpoint": "private"}}, "eks.public_cidrs", "empty where"),
    "groups beside Auto Mode": ({"eks": {"compute": "auto"}}, "eks.groups", "none with Auto Mode"),
    "nothing to run on": ({"eks": {"groups": []}}, "eks.groups", "at least one group"),
    "min above max": (
        {"eks": {"groups": [{**GROUP, "min_size": 5, "desired_size": 5, "max_size": 2}]}},
        "eks.groups[0].min_size: 5",
        "at most max_size (2)",
    ),
    "desired outside": (
        {"eks": {"groups": [{**GROUP, "min_size": 2, "desired_size": 1, "max_size": 3}]}},
        "eks.groups[0].desired_size: 1",
        "2 to 3",
    ),
    "a name twice": ({"eks": {"groups": [GROUP, GROUP]}}, "eks.groups[1].name: 'one'", "used once"),
    "x86 among Graviton": (
        {"eks": {"groups": [{**GROUP, "instance_types": ["m7g.large", "m7i.large"]}]}},
        "eks.groups[0].instance_types: 'm7i.large'",
        "arm64 types",
    ),
    "a principal that is not an ARN": ({"eks": {"admins": ["alice"]}}, "eks.admins[0]: 'alice'", "pattern"),
    "unknown PostgreSQL": (
        {"database": {"kind": "rds", "version": "17.2"}},
        "database.version: '17.2'",
        "17.5, 17.6",
    ),
    "ancient PostgreSQL": (
        {"database": {"kind": "rds", "version": "11.22"}},
        "database.version: '11.22'",
        "15 or newer",
    ),
    "shrinking storage": (
        {"database": {"kind": "rds", "storage_gib": 200, "max_storage_gib": 100}},
        "database.max_storage_gib: 100",
        "at least storage_gib (200)",
    ),
    "a standby where there is one zone": (
        {"network": {"single_zone": True}, "database": {"kind": "rds", "multi_az": True}},
        "database.multi_az",
        "false where",
    ),
    "floor above ceiling": (
        {"database": {"kind": "aurora", "min_acu": 8, "max_acu": 4}},
        "database.min_acu: 8",
        "at most max_acu (4",
    ),
    "an Aurora too old to sleep": (
        {"database": {"kind": "aurora", "version": "16.2", "min_acu": 0}},
        "database.min_acu: 0",
        "0 from 16.3",
    ),
    "fewer readers than few": (
        {"database": {"kind": "aurora", "min_readers": 3, "max_readers": 1}},
        "database.max_readers: 1",
        "at least min_readers (3)",
    ),
    "unknown cache engine": (
        {"cache": {"engine": "memcached"}},
        "cache.engine: 'memcached'",
        "'valkey' or 'redis'",
    ),
    "unknown cache version": ({"cache": {"version": "6.5"}}, "cache.version: '6.5'", "7.2, 8.0"),
    "replicas of one node": (
        {"cache": {"kind": "node", "replicas": 1}},
        "cache.replicas: 1",
        "0 for one node",
    ),
    "a group that cannot fail over": (
        {"cache": {"kind": "replication-group", "replicas": 0}},
        "cache.replicas: 0",
        "1 to 5",
    ),
    "shards outside cluster mode": (
        {"cache": {"kind": "node", "replicas": 0, "shards": 2}},
        "cache.shards: 2",
        "1 outside cluster mode",
    ),
    "a name without a zone": (
        {"edge": {"domain": "chess.example"}},
        "edge.hosted_zone_id",
        "the Route 53 zone",
    ),
    "a zone without a name": ({"edge": {"hosted_zone_id": "Z123456789"}}, "edge.domain", "a name in"),
    "more paths than a rule takes": (
        {"edge": {"websocket_paths": [f"/p{n}/*" for n in range(6)]}},
        "edge.websocket_paths",
        "at most 5",
    ),
    "a budget that warns nobody": ({"bootstrap": {"budget_usd": 10}}, "bootstrap.budget_email", "an address"),
    "a tag that is AWS' own": ({"tags": {"aws:x": "1"}}, "tags: 'aws:x'", "not aws: or chess:"),
    "a tag that no tag can be": ({"tags": {"team": "a;b"}}, "tags.team: 'a;b'", "up to 256"),
    "a region that is none": ({"region": "frankfurt"}, "region: 'frankfurt'", "pattern"),
    "an account that is none": ({"account": "42"}, "account: '42'", "pattern"),
}


@pytest.mark.parametrize("tree, named, allowed", REFUSED.values(), ids=REFUSED.keys())
def test_refusal(tree: dict[str, Any], named: str, allowed: str, overlay: Any) -> None:
    with pytest.raises(ProfileError) as refused:
        load("dev", overlay(tree))
    line = next((line for line in str(refused.value).splitlines() if line.startswith(named)), "")
    assert line, f"{named} in {refused.value}"
    assert allowed in line


def test_all_problems_are_reported_at_once(overlay: Any) -> None:
    tree = {"eks": {"version": "1.20"}, "cache": {"version": "6.5"}}
    with pytest.raises(ProfileError) as refused:
        load("dev", overlay(tree))
    assert len(str(refused.value).splitlines()) == 2


NEWER: dict[str, tuple[dict[str, Any], str]] = {
    "Kubernetes": ({"eks": {"version": "1.38"}}, "eks.version: 1.38"),
    "a minor of PostgreSQL": ({"database": {"kind": "rds", "version": "17.99"}}, "database.version: 17.99"),
    "a major of PostgreSQL": ({"database": {"kind": "rds", "version": "19.1"}}, "database.version: 19.1"),
    "Valkey": ({"cache": {"version": "9.1"}}, "cache.version: 9.1"),
}


@pytest.mark.parametrize("tree, expected", NEWER.values(), ids=NEWER.keys())
def test_what_is_newer_than_the_tables_is_warned_about_and_taken(
    tree: dict[str, Any], expected: str, overlay: Any
) -> None:
    loaded = load("dev", overlay(tree))
    assert any(line.startswith(expected) for line in checks.warnings(loaded))


@pytest.mark.parametrize(
    "kind, graviton",
    [
        ("m7g.large", True),
        ("c8gn.xlarge", True),
        ("t4g.small", True),
        ("r7gd.large", True),
        ("a1.medium", True),
        ("m7i.large", False),
        ("g5.xlarge", False),
        ("t3.small", False),
        ("g5g.xlarge", True),
    ],
)
def test_graviton_follows_from_the_family(kind: str, *, graviton: bool) -> None:
    assert checks.is_graviton(kind) is graviton


def test_production_without_a_name_is_warned_about(overlay: Any) -> None:
    assert any(line.startswith("edge.domain: none in prod") for line in checks.warnings(load("prod")))
    named = {"edge": {"domain": "chess.example.org", "hosted_zone_id": "Z0123456789ABC"}}
    assert checks.warnings(load("prod", overlay(named))) == []
