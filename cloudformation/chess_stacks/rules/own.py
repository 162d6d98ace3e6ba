"""Our own rules, all of them, run over an assembly. Pure."""

from collections.abc import Callable, Iterator

from chess_stacks.rules import access, reach, services, storage
from chess_stacks.rules.finding import Finding
from chess_stacks.rules.template import Body
from chess_stacks.synth.synthesis import Assembly

RULES: tuple[Callable[[str, Body], Iterator[Finding]], ...] = (
    access.unlimited_actions,
    access.boundary,
    access.trust,
    access.policy_size,
    access.escalation,
    access.secrets,
    storage.at_rest,
    storage.keys,
    storage.retention,
    reach.open_ingress,
    reach.data_routes,
    reach.public_addresses,
    reach.described,
    services.eks_version,
    services.addons,
    services.node_groups,
    services.cache_engines,
)


def inspect(assembly: Assembly) -> tuple[Finding, ...]:
    """Run every rule over every stack."""
    entries = {entry.key: entry for entry in assembly.manifest}
    found: list[Finding] = []
    for key, body in assembly.templates.items():
        found += [finding for rule in RULES for finding in rule(key, body)]
        found += services.limits(key, body, entries[key].size)
        found += services.sizes(key, body, entries[key].region)
    return tuple(sorted(found))
