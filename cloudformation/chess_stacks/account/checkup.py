"""What an account must have before an environment can be deployed there: credentials, regions, quotas, versions.

Each check answers ok, warn, fail, or unknown with the reason. A check that could not be made is never ok.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any, Final, Literal

from botocore import exceptions as aws

from chess_stacks.account import failure
from chess_stacks.account.clients import Clients
from chess_stacks.profile import facts
from chess_stacks.synth.synthesis import Assembly

CheckVerdict = Literal["ok", "warn", "fail", "unknown"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One answer."""

    name: str
    verdict: CheckVerdict
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """A service quota, and which resources of the templates count against it."""

    service: str
    code: str
    name: str
    kinds: frozenset[str]


QUOTAS: Final = (
    Quota(service="vpc", code="L-F678F1CE", name="VPCs per region", kinds=frozenset({"AWS::EC2::VPC"})),
    Quota(service="ec2", code="L-0263D0A3", name="Elastic IP addresses", kinds=frozenset({"AWS::EC2::EIP"})),
    Quota(
        service="vpc",
        code="L-FE5A380F",
        name="NAT gateways per zone",
        kinds=frozenset({"AWS::EC2::NatGateway"}),
    ),
    Quota(service="eks", code="L-1194D53C", name="EKS clusters", kinds=frozenset({"AWS::EKS::Cluster"})),
    Quota(service="rds", code="L-7B6409FD", name="DB instances", kinds=frozenset({"AWS::RDS::DBInstance"})),
    Quota(
        service="elasticloadbalancing",
        code="L-53DA6B97",
        name="application load balancers",
        kinds=frozenset({"AWS::ElasticLoadBalancingV2::LoadBalancer"}),
    ),
)
"""Codes of the Service Quotas console, read 2026-11-21."""


def run(assembly: Assembly, clients: Clients, today: date) -> Iterator[Check]:
    """Yield every check, the ones that others depend on first."""
    region = assembly.profile.region
    account = _account(assembly, clients)
    yield account
    if account.verdict == "fail":
        return
    for name in dict.fromkeys(entry.region for entry in assembly.manifest):
        yield _asked(f"region {name}", partial(_region, clients, region, name))
    for quota in QUOTAS:
        yield _asked(f"quota {quota.name}", partial(_quota, clients, assembly, quota))
    yield _kubernetes(assembly, today)
    yield _asked("Kubernetes version offered", partial(_offered_kubernetes, clients, assembly))
    yield _asked("database version offered", partial(_offered_database, clients, assembly))
    yield _asked("instance types offered", partial(_offered_instances, clients, assembly))


def _asked(name: str, ask: Callable[[], tuple[CheckVerdict, str]]) -> Check:
    try:
        verdict, detail = ask()
    except (aws.ClientError, aws.BotoCoreError) as error:
        return Check(name=name, verdict="unknown", detail=str(failure.explain(error, "could not be checked")))
    return Check(name=name, verdict=verdict, detail=detail)


def _account(assembly: Assembly, clients: Clients) -> Check:
    wanted = assembly.profile.account
    try:
        found = clients.account(assembly.profile.region)
    except failure.Failure as error:
        return Check(name="credentials", verdict="fail", detail=str(error))
    if wanted is not None and found != wanted:
        return Check(
            name="credentials", verdict="fail", detail=f"account {found}; the profile allows {wanted}"
        )
    where = " at a custom endpoint" if clients.emulated else ""
    return Check(name="credentials", verdict="ok", detail=f"account {found}{where}")


def _region(clients: Clients, home: str, name: str) -> tuple[CheckVerdict, str]:
    answer = clients.get("ec2", home).describe_regions(RegionNames=[name], AllRegions=True)["Regions"]
    status = answer[0].get("OptInStatus", "opt-in-not-required") if answer else "not-found"
    if status in ("opt-in-not-required", "opted-in"):
        return "ok", "enabled"
    return "fail", f"{status}; enable it under account settings"


def _quota(clients: Clients, assembly: Assembly, quota: Quota) -> tuple[CheckVerdict, str]:
    need = _count(assembly)
    wanted = sum(need[kind] for kind in quota.kinds)
    region = assembly.profile.region
    answer = clients.get("service-quotas", region).get_service_quota(
        ServiceCode=quota.service, QuotaCode=quota.code
    )
    limit = int(answer["Quota"]["Value"])
    if wanted > limit:
        return "fail", f"this profile needs {wanted}, the quota is {limit}; request more in Service Quotas"
    return "ok", f"this profile needs {wanted} of {limit}; resources already in use count against the quota"


def _count(assembly: Assembly) -> Counter[str]:
    home = assembly.profile.region
    return Counter(
        resource["Type"]
        for entry in assembly.manifest
        if entry.region == home
        for resource in assembly.templates[entry.key]["Resources"].values()
    )


def _kubernetes(assembly: Assembly, today: date) -> Check:
    version = assembly.profile.eks.version
    name = "Kubernetes support"
    if version not in facts.EKS_STANDARD_SUPPORT_ENDS:
        return Check(
            name=name, verdict="warn", detail=f"{version} is not in the table of {facts.EKS_TABLE_READ}"
        )
    ends = facts.EKS_STANDARD_SUPPORT_ENDS[version]
    if ends is None:
        return Check(name=name, verdict="ok", detail=f"{version}: no end announced on {facts.EKS_TABLE_READ}")
    left = (ends - today).days
    if left < 0:
        return Check(name=name, verdict="warn", detail=f"{version} has cost extended support since {ends}")
    return Check(name=name, verdict="ok", detail=f"{version}: standard support until {ends}, {left} days")


def _offered_kubernetes(clients: Clients, assembly: Assembly) -> tuple[CheckVerdict, str]:
    version = assembly.profile.eks.version
    answer = clients.get("eks", assembly.profile.region).describe_cluster_versions()["clusterVersions"]
    offered = sorted(entry["clusterVersion"] for entry in answer)
    return ("ok" if version in offered else "fail"), f"{version}; offered: {', '.join(offered)}"


def _offered_database(clients: Clients, assembly: Assembly) -> tuple[CheckVerdict, str]:
    database = assembly.profile.database
    engine = "aurora-postgresql" if database.kind == "aurora" else "postgres"
    answer = clients.get("rds", assembly.profile.region).describe_db_engine_versions(
        Engine=engine, EngineVersion=database.version
    )["DBEngineVersions"]
    if answer:
        return "ok", f"{engine} {database.version}"
    return "fail", f"{engine} {database.version} is not offered in {assembly.profile.region}"


def _offered_instances(clients: Clients, assembly: Assembly) -> tuple[CheckVerdict, str]:
    wanted = {kind for group in assembly.profile.eks.groups for kind in group.instance_types}
    if not wanted:
        return "ok", "no managed node groups"
    answer: Any = clients.get("ec2", assembly.profile.region).describe_instance_type_offerings(
        LocationType="region", Filters=[{"Name": "instance-type", "Values": sorted(wanted)}]
    )["InstanceTypeOfferings"]
    missing = wanted - {entry["InstanceType"] for entry in answer}
    if missing:
        return "fail", f"not offered in {assembly.profile.region}: {', '.join(sorted(missing))}"
    return "ok", ", ".join(sorted(wanted))
