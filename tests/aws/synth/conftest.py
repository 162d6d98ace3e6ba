"""Overlays that turn on what no shipped profile does, so that every branch of every stack is checked."""

from typing import Any

import pytest

from chess_stacks.profile.load import NAMES, load, overlaid
from chess_stacks.synth.synthesis import Assembly, synthesize

X86 = {"name": "x86", "arch": "x86_64", "instance_types": ["m7i.large"], "ami": "bottlerocket"}
PRIVATE = {
    "nat": "none",
    "interface_endpoints": ["ecr.api", "ecr.dkr", "ec2", "sts", "eks", "eks-auth", "logs"],
}

VARIANTS: dict[str, tuple[str, dict[str, Any]]] = {
    "a standby and no replica": ("dev", {"database": {"kind": "rds", "multi_az": True}}),
    "PostgreSQL 18": ("dev", {"database": {"version": "18.6"}}),
    "Aurora that sleeps, with readers": (
        "prod",
        {"database": {"capacity": "serverless", "min_acu": 0, "max_acu": 4}},
    ),
    "serverless Valkey": ("prod", {"cache": {"kind": "serverless", "version": "8"}}),
    "serverless Redis": ("dev", {"cache": {"kind": "serverless", "engine": "redis", "version": "7"}}),
    "Redis in cluster mode": ("prod", {"cache": {"engine": "redis", "version": "7.1"}}),
    "Auto Mode": ("prod", {"eks": {"compute": "auto", "groups": []}}),
    "Karpenter in one zone": ("hackathon", {"eks": {"compute": "karpenter"}}),
    "x86 nodes": ("dev", {"eks": {"groups": [X86]}}),
    "people with access": (
        "prod",
        {
            "eks": {
                "admins": ["arn:aws:iam::123456789012:role/admin"],
                "viewers": ["arn:aws:iam::123456789012:role/viewer"],
                "addon_versions": {"coredns": "v1.12.1-eksbuild.2"},
            }
        },
    ),
    "no way to the internet": ("prod", {"network": PRIVATE}),
    "Auto Mode without the internet": (
        "prod",
        {"network": PRIVATE, "eks": {"compute": "auto", "groups": [], "endpoint": "private"}},
    ),
    "Karpenter without the internet": ("staging", {"network": PRIVATE, "eks": {"endpoint": "private"}}),
    "provisioned Aurora without readers": (
        "dev",
        {"database": {"kind": "aurora", "version": "17.9", "capacity": "provisioned", "min_readers": 0}},
    ),
    "cluster mode where nothing is kept": ("dev", {"cache": {"kind": "cluster", "shards": 2, "replicas": 0}}),
    "a replication group where all is kept": (
        "prod",
        {"cache": {"kind": "replication-group", "replicas": 2}},
    ),
    "three zones and flow logs in CloudWatch": ("prod", {"network": {"flow_logs": "cloudwatch"}}),
    "a name of its own": (
        "prod",
        {"edge": {"domain": "chess.example.org", "hosted_zone_id": "Z0123456789ABC"}},
    ),
    "zones by name": ("prod", {"network": {"zone_names": ["us-east-1a", "us-east-1b", "us-east-1d"]}}),
    "CloudFront's prefix list": ("prod", {"edge": {"origin_prefix_list": "pl-0123456789abcdef0"}}),
    "CI, a budget and alarms by mail": (
        "prod",
        {
            "bootstrap": {
                "ci_repository": "example/chess",
                "budget_usd": 500,
                "budget_email": "ops@example.org",
            },
            "observability": {"alarm_email": "ops@example.org", "xray_percent": 0},
        },
    ),
    "a region of its own": ("prod", {"region": "eu-central-1"}),
}


def make(base: str, overlay: dict[str, Any]) -> Assembly:
    plain = load(base)
    if not overlay:
        return synthesize(plain)
    return synthesize(overlaid(base, overlay))


@pytest.fixture(scope="session")
def assemblies() -> dict[str, Assembly]:
    """Every shipped profile by name."""
    return {name: make(name, {}) for name in NAMES}


@pytest.fixture(scope="session")
def variants() -> dict[str, Assembly]:
    """Every variant by name."""
    return {name: make(*given) for name, given in VARIANTS.items()}


@pytest.fixture(params=NAMES)
def assembly(request: pytest.FixtureRequest, assemblies: dict[str, Assembly]) -> Assembly:
    return assemblies[request.param]


@pytest.fixture(params=VARIANTS)
def variant(request: pytest.FixtureRequest, variants: dict[str, Assembly]) -> Assembly:
    return variants[request.param]
