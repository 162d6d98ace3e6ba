"""All stacks, and the order a profile puts them in.

The DAG follows from the outputs that each stack takes; nothing states it a second time. Bootstrap and delivery
come before everything else: they hold the bucket for templates and the role that CloudFormation assumes for
each stack.
"""

from collections.abc import Mapping
from graphlib import TopologicalSorter

from chess_stacks.parts import names
from chess_stacks.parts.stack import Stack
from chess_stacks.profile.model import Profile
from chess_stacks.stacks import (
    bootstrap,
    data_cache,
    data_rds,
    delivery,
    edge_global,
    edge_regional,
    eks_control,
    eks_nodes,
    eks_platform,
    network,
    observability,
    security,
)

_OTHERS: tuple[Stack, ...] = (
    network.STACK,
    security.STACK,
    data_rds.STACK,
    data_cache.STACK,
    eks_control.STACK,
    eks_nodes.STACK,
    eks_platform.STACK,
    edge_regional.STACK,
    edge_global.STACK,
    observability.STACK,
)
STACKS: tuple[Stack, ...] = (bootstrap.STACK, delivery.stack_of(_OTHERS), *_OTHERS)


def dependencies(profile: Profile) -> Mapping[str, frozenset[str]]:
    """Return stack key → keys of the stacks that must exist first, for the stacks that the profile turns on."""
    on = {stack.key: stack for stack in STACKS if stack.build(profile) is not None}
    return {key: _upstream(stack, profile) & on.keys() for key, stack in on.items()}


def enabled(profile: Profile) -> tuple[Stack, ...]:
    """Return the stacks that the profile turns on, each after those it depends on; ties in the catalog's order."""
    by_key = {stack.key: stack for stack in STACKS}
    return tuple(by_key[key] for key in order(dependencies(profile)))


def order(graph: Mapping[str, frozenset[str]]) -> tuple[str, ...]:
    """Return the keys in DAG order, ties in the catalog's."""
    return tuple(TopologicalSorter({key: sorted(needs) for key, needs in graph.items()}).static_order())


def _upstream(stack: Stack, profile: Profile) -> frozenset[str]:
    taken = frozenset(given.stack for given in stack.inputs(profile))
    return (taken | stack.after | _BEFORE.get(stack.key, _FIRST)) - {stack.key}


_FIRST = frozenset({names.BOOTSTRAP, names.DELIVERY})
_BEFORE = {names.BOOTSTRAP: frozenset[str](), names.DELIVERY: frozenset({names.BOOTSTRAP})}
