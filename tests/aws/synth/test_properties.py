"""What holds for every profile that is accepted, whatever a user's overlay sets."""

import ipaddress
from collections.abc import Iterator
from functools import cache
from itertools import combinations
from typing import Any

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from chess_stacks.profile.load import ProfileError, overlaid
from chess_stacks.rules import own, template
from chess_stacks.synth.synthesis import Assembly, synthesize

DATABASES = st.one_of(
    st.fixed_dictionaries(
        {
            "kind": st.just("rds"),
            "version": st.sampled_from(["15.19", "16.15", "17.9", "18.6"]),
            "replicas": st.integers(0, 2),
            "multi_az": st.booleans(),
            "deletion_protection": st.booleans(),
        }
    ),
    st.fixed_dictionaries(
        {
            "kind": st.just("aurora"),
            "version": st.sampled_from(["15.19", "16.15", "17.9"]),
            "capacity": st.sampled_from(["serverless", "provisioned"]),
            "min_acu": st.sampled_from([0, 0.5, 2]),
            "max_acu": st.sampled_from([2, 16]),
            "min_readers": st.integers(0, 2),
            "max_readers": st.integers(0, 4),
        }
    ),
)
CACHES = st.one_of(
    st.just({"kind": "node"}),
    st.fixed_dictionaries({"kind": st.just("replication-group"), "replicas": st.integers(1, 2)}),
    st.fixed_dictionaries(
        {"kind": st.just("cluster"), "shards": st.integers(1, 3), "replicas": st.integers(0, 2)}
    ),
    st.just({"kind": "serverless", "version": "8"}),
)
NETWORKS = st.fixed_dictionaries(
    {
        "cidr": st.sampled_from(["10.0.0.0/16", "172.20.0.0/18", "192.168.16.0/20"]),
        "zones": st.integers(2, 3),
        "single_zone": st.booleans(),
        "nat": st.sampled_from(["single", "per-zone"]),
        "flow_logs": st.sampled_from(["none", "s3", "cloudwatch"]),
        "interface_endpoints": st.lists(st.sampled_from(["sts", "ecr.api", "logs"]), unique=True),
    }
)
OVERLAYS = st.fixed_dictionaries(
    {
        "database": DATABASES,
        "cache": CACHES,
        "network": NETWORKS,
        "eks": st.sampled_from(
            [{"compute": "managed"}, {"compute": "karpenter"}, {"compute": "auto", "groups": []}]
        ),
        "edge": st.fixed_dictionaries({"waf": st.booleans(), "access_logs": st.booleans()}),
        "security": st.fixed_dictionaries({"waf": st.booleans()}),
        "observability": st.fixed_dictionaries({"enabled": st.booleans()}),
        "keep_data": st.booleans(),
    }
)


@st.composite
def made(draw: st.DrawFn) -> Assembly:
    try:
        return synthesize(overlaid("dev", draw(OVERLAYS)))
    except ProfileError:
        assume(condition=False)
        raise


SLOW = settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much]
)


@SLOW
@given(made())
def test_no_rule_is_broken(assembly: Assembly) -> None:
    """Encryption at rest, no route out of the data subnets, no open ports, boundaries, sizes, limits."""
    assert own.inspect(assembly) == ()


@SLOW
@given(made())
def test_subnets_never_overlap(assembly: Assembly) -> None:
    body = assembly.templates["network"]
    blocks = [ipaddress.IPv4Network(p["CidrBlock"]) for _, p in template.of_type(body, "AWS::EC2::Subnet")]
    whole = ipaddress.IPv4Network(assembly.profile.network.cidr)
    assert len(blocks) == 3 * assembly.profile.network.zones
    assert not any(one.overlaps(other) for one, other in combinations(blocks, 2))
    assert all(block.subnet_of(whole) for block in blocks)


@SLOW
@given(made())
def test_data_subnets_have_one_table_without_routes(assembly: Assembly) -> None:
    body = assembly.templates["network"]
    tables = set()
    for _, link in template.of_type(body, "AWS::EC2::SubnetRouteTableAssociation"):
        if str(template.reference(link["SubnetId"])).startswith("DataSubnet"):
            tables.add(template.reference(link["RouteTableId"]))
    routed = {template.reference(p["RouteTableId"]) for _, p in template.of_type(body, "AWS::EC2::Route")}
    assert tables == {"DataRoutes"}
    assert not tables & routed


def links(assembly: Assembly) -> Iterator[tuple[str, str, int]]:
    """Who may enter which group: (source, target, port), by the names of the groups."""
    for body in assembly.templates.values():
        for _, rule in template.of_type(body, "AWS::EC2::SecurityGroupIngress"):
            source = rule.get("SourceSecurityGroupId")
            where = "network" if source is None else _group(source)
            yield where, _group(rule["GroupId"]), int(rule["FromPort"])


@cache
def _short(name: str) -> str:
    for part in ("Alb", "App", "Database", "Cache"):
        if part in name:
            return part
    return "Nodes"


def _group(value: Any) -> str:
    return _short(str(template.reference(value)))


@SLOW
@given(made())
def test_security_groups_chain_from_the_load_balancer_to_the_data(assembly: Assembly) -> None:
    edge = assembly.profile.edge
    pods = {"App"} | ({"Nodes"} if assembly.profile.eks.compute == "auto" else set())
    wanted = {("network", "Alb", 80)}
    for pod in pods:
        wanted |= {("Alb", pod, edge.server_port), ("Alb", pod, edge.admin_port)}
        wanted |= {(pod, "Database", 5432), (pod, "Cache", 6379)}
    assert set(links(assembly)) == wanted


@SLOW
@given(made())
def test_data_security_groups_let_nothing_out(assembly: Assembly) -> None:
    body = assembly.templates["security"]
    groups = dict(template.of_type(body, "AWS::EC2::SecurityGroup"))
    for name in ("DatabaseSecurityGroup", "CacheSecurityGroup"):
        out = groups[name]["SecurityGroupEgress"]
        assert [rule["CidrIp"] for rule in out] == ["255.255.255.255/32"]
    leaving = {
        _group(p["GroupId"])
        for b in assembly.templates.values()
        for _, p in template.of_type(b, "AWS::EC2::SecurityGroupEgress")
    }
    assert leaving == {"Alb"}


@SLOW
@given(made())
def test_every_output_is_in_ssm_under_its_path(assembly: Assembly) -> None:
    for entry in assembly.manifest:
        body = assembly.templates[entry.key]
        published = {p["Name"] for _, p in template.of_type(body, "AWS::SSM::Parameter")}
        assert published == {f"/chess/{assembly.profile.env}/{entry.key}/{name}" for name in entry.outputs}


@SLOW
@given(made())
def test_nothing_is_exported_or_nested(assembly: Assembly) -> None:
    for body in assembly.templates.values():
        assert not any("Export" in output for output in body["Outputs"].values())
        assert "Fn::ImportValue" not in str(body)
        assert not list(template.of_type(body, "AWS::CloudFormation::Stack"))


@SLOW
@given(made())
def test_destroy_is_not_stuck_on_protection_that_nobody_asked_for(assembly: Assembly) -> None:
    wanted = assembly.profile.database.deletion_protection
    for body in assembly.templates.values():
        for _, properties in template.of_type(body, "AWS::RDS::DBCluster", "AWS::RDS::DBInstance"):
            assert properties.get("DeletionProtection", wanted) is wanted
