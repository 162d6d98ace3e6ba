"""Rules across fields of a profile: combinations that AWS refuses, or that would have no effect.

A rule returns problems and never raises; `load` reports all of them with the field's path, the value
and what is allowed.
"""

import ipaddress
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from chess_stacks.profile import facts, versions
from chess_stacks.profile.model import Profile
from chess_stacks.profile.sections import AuroraDatabase, RdsDatabase

_TAG_NAME = re.compile(r"[\w .:/=+\-@]{1,128}")
_TAG_VALUE = re.compile(r"[\w .:/=+\-@]{0,256}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One refused value."""

    path: str
    value: Any
    allowed: str

    def __str__(self) -> str:
        return f"{self.path}: {self.value!r} is refused; allowed: {self.allowed}"


def problems(profile: Profile) -> list[Problem]:
    """Return everything that is wrong with a profile whose fields are each well-formed."""
    return [problem for rule in RULES for problem in rule(profile)]


def warnings(profile: Profile) -> list[str]:
    """Return a line for each setting that is allowed and yet worth a warning."""
    return versions.newer(profile) + _no_domain(profile)


def _no_domain(profile: Profile) -> list[str]:
    if profile.name != "prod" or profile.edge.domain:
        return []
    return [
        "edge.domain: none in prod; players reach CloudFront's own name, and the hop to the ALB is plain HTTP"
    ]


def _network(profile: Profile) -> Iterator[Problem]:
    net = profile.network
    try:
        block = ipaddress.IPv4Network(net.cidr)
    except ValueError as wrong:
        yield Problem(path="network.cidr", value=net.cidr, allowed=f"an IPv4 network ({wrong})")
        return
    if not 16 <= block.prefixlen <= 20:  # noqa: PLR2004 - AWS takes /16 at most; below /20 pods run out of addresses
        yield Problem(path="network.cidr", value=net.cidr, allowed="/16 to /20")
    if not block.is_private:
        yield Problem(path="network.cidr", value=net.cidr, allowed="a private range (RFC 1918)")
    if net.zone_names and len(set(net.zone_names)) != net.zones:
        yield Problem(
            path="network.zone_names",
            value=list(net.zone_names),
            allowed=f"{net.zones} different zones, or none",
        )
    if any(name[:-1] != profile.region for name in net.zone_names):
        yield Problem(
            path="network.zone_names", value=list(net.zone_names), allowed=f"zones of {profile.region}"
        )
    if net.single_zone and net.nat == "per-zone":
        yield Problem(
            path="network.nat", value=net.nat, allowed="none or single where network.single_zone is true"
        )


def _fully_private(profile: Profile) -> Iterator[Problem]:
    if profile.network.nat != "none":
        return
    missing = facts.FULLY_PRIVATE_ENDPOINTS - set(profile.network.interface_endpoints)
    if missing:
        yield Problem(
            path="network.interface_endpoints",
            value=list(profile.network.interface_endpoints),
            allowed=f"a list that includes {', '.join(sorted(missing))} (required when network.nat is none)",
        )
    if profile.eks.endpoint == "public":
        yield Problem(
            path="eks.endpoint", value="public", allowed="both or private where network.nat is none"
        )


def _eks(profile: Profile) -> Iterator[Problem]:
    eks = profile.eks
    oldest = min(map(versions.minor, facts.EKS_STANDARD_SUPPORT_ENDS))
    if versions.minor(eks.version) < oldest:
        yield Problem(
            path="eks.version",
            value=eks.version,
            allowed=f"1.{oldest} or newer (standard support, table of {facts.EKS_TABLE_READ})",
        )
    if eks.endpoint == "private" and eks.public_cidrs:
        yield Problem(
            path="eks.public_cidrs",
            value=list(eks.public_cidrs),
            allowed="empty where eks.endpoint is private",
        )
    if eks.endpoint != "private" and not eks.public_cidrs:
        yield Problem(
            path="eks.public_cidrs",
            value=[],
            allowed="at least one CIDR; for everyone, write 0.0.0.0/0",
        )
    if eks.compute == "auto" and eks.groups:
        yield Problem(
            path="eks.groups", value=[group.name for group in eks.groups], allowed="none with Auto Mode"
        )
    if eks.compute != "auto" and not eks.groups:
        yield Problem(
            path="eks.groups", value=[], allowed=f"at least one group where eks.compute is {eks.compute}"
        )
    for cidr in eks.public_cidrs:
        yield from _public_cidr(cidr)


def _public_cidr(cidr: str) -> Iterator[Problem]:
    try:
        ipaddress.IPv4Network(cidr)
    except ValueError as wrong:
        yield Problem(path="eks.public_cidrs", value=cidr, allowed=f"IPv4 networks ({wrong})")


def is_graviton(instance_type: str) -> bool:
    """Return whether a type is arm64, as `m7g.large`, `c8gn.xlarge`, `a1.medium`: a `g` follows the generation."""
    family = instance_type.partition(".")[0]
    generation = next((index for index, char in enumerate(family) if char.isdigit()), len(family))
    return family == "a1" or "g" in family[generation:]


def _groups(profile: Profile) -> Iterator[Problem]:
    seen: set[str] = set()
    for index, group in enumerate(profile.eks.groups):
        path = f"eks.groups[{index}]"
        if group.name in seen:
            yield Problem(path=f"{path}.name", value=group.name, allowed="a name used once")
        seen.add(group.name)
        if group.min_size > group.max_size:
            yield Problem(
                path=f"{path}.min_size", value=group.min_size, allowed=f"at most max_size ({group.max_size})"
            )
        if not group.min_size <= group.desired_size <= group.max_size:
            yield Problem(
                path=f"{path}.desired_size",
                value=group.desired_size,
                allowed=f"min_size to max_size ({group.min_size} to {group.max_size})",
            )
        for kind in group.instance_types:
            if is_graviton(kind) != (group.arch == "arm64"):
                yield Problem(path=f"{path}.instance_types", value=kind, allowed=f"{group.arch} types")


def _database(profile: Profile) -> Iterator[Problem]:
    database = profile.database
    major, minor = versions.pair(database.version)
    known = facts.POSTGRES_MINORS[database.kind]
    oldest = min(known)
    if major < oldest or (major in known and minor < max(known[major]) and minor not in known[major]):
        choice = (
            ", ".join(f"{major}.{known_minor}" for known_minor in known.get(major, ()))
            or f"{oldest} or newer"
        )
        yield Problem(path="database.version", value=database.version, allowed=choice)
    if isinstance(database, AuroraDatabase):
        yield from _aurora(database)
    else:
        yield from _rds(database, single_zone=profile.network.single_zone)


def _rds(database: RdsDatabase, *, single_zone: bool) -> Iterator[Problem]:
    if database.max_storage_gib < database.storage_gib:
        yield Problem(
            path="database.max_storage_gib",
            value=database.max_storage_gib,
            allowed=f"at least storage_gib ({database.storage_gib})",
        )
    if database.multi_az and single_zone:
        yield Problem(path="database.multi_az", value=True, allowed="false where network.single_zone is true")


def _aurora(database: AuroraDatabase) -> Iterator[Problem]:
    if database.max_readers < database.min_readers:
        yield Problem(
            path="database.max_readers",
            value=database.max_readers,
            allowed=f"at least min_readers ({database.min_readers})",
        )
    if database.capacity != "serverless":
        return
    if database.min_acu > database.max_acu:
        yield Problem(
            path="database.min_acu", value=database.min_acu, allowed=f"at most max_acu ({database.max_acu})"
        )
    major, minor = versions.pair(database.version)
    pauses_from = facts.AURORA_PAUSES_FROM.get(major, 0)
    if database.min_acu == 0 and minor < pauses_from:
        yield Problem(
            path="database.min_acu", value=0, allowed=f"0 from {major}.{pauses_from} on, else 0.5 or more"
        )


def _cache(profile: Profile) -> Iterator[Problem]:
    cache = profile.cache
    known = versions.of_cache(cache)
    if cache.version not in known and versions.pair(cache.version) < versions.pair(known[-1]):
        yield Problem(
            path="cache.version",
            value=cache.version,
            allowed=f"{', '.join(known)} for {cache.kind} {cache.engine}",
        )
    if cache.kind == "node" and cache.replicas:
        yield Problem(path="cache.replicas", value=cache.replicas, allowed="0 for one node")
    if cache.kind == "replication-group" and not cache.replicas:
        yield Problem(
            path="cache.replicas", value=0, allowed="1 to 5 for a replication group, which fails over"
        )
    if cache.kind in {"node", "replication-group"} and cache.shards != 1:
        yield Problem(path="cache.shards", value=cache.shards, allowed="1 outside cluster mode")


def _edge(profile: Profile) -> Iterator[Problem]:
    edge = profile.edge
    if edge.domain and not edge.hosted_zone_id:
        yield Problem(path="edge.hosted_zone_id", value=None, allowed="the Route 53 zone of edge.domain")
    if edge.hosted_zone_id and not edge.domain:
        yield Problem(path="edge.domain", value=None, allowed="a name in edge.hosted_zone_id")


def _tags(profile: Profile) -> Iterator[Problem]:
    for name, value in profile.tags.items():
        if not _TAG_NAME.fullmatch(name) or name.lower().startswith(("aws:", "chess:")):
            allowed = "1 to 128 letters, digits, spaces and _.:/=+-@; not aws: or chess:"
            yield Problem(path="tags", value=name, allowed=allowed)
        if not _TAG_VALUE.fullmatch(value):
            allowed = "up to 256 letters, digits, spaces and _.:/=+-@"
            yield Problem(path=f"tags.{name}", value=value, allowed=allowed)


def _bootstrap(profile: Profile) -> Iterator[Problem]:
    if profile.bootstrap.budget_usd and not profile.bootstrap.budget_email:
        yield Problem(path="bootstrap.budget_email", value=None, allowed="an address where budget_usd is set")


RULES: tuple[Callable[[Profile], Iterator[Problem]], ...] = (
    _network,
    _fully_private,
    _eks,
    _groups,
    _database,
    _cache,
    _edge,
    _bootstrap,
    _tags,
)
