"""cfn-lint over an assembly, in the profile's region and two more.

Three regions, because one may lack a type or an instance size that another has, and a profile should be able to
move. A stack that has to be in one region is checked for that one. Stacks are checked side by side, one per processor:
cfn-lint takes seconds for each.
"""

import json
import multiprocessing
import os
from functools import cache
from typing import Any

from cfnlint.rules import RulesCollection  # type: ignore[attr-defined]

from chess_stacks.rules.finding import Finding
from chess_stacks.synth.synthesis import Assembly, Entry

_LINE = 240
REGIONS = ("us-east-1", "eu-central-1", "ap-southeast-1")


LintJob = tuple[str, str, list[str]]
"""A stack's key, its body, and the regions that it is checked for."""


def lint(assembly: Assembly, others: tuple[str, ...] = REGIONS) -> tuple[Finding, ...]:
    """Run cfn-lint, informational rules included, in the profile's region and in others."""
    jobs = [
        (entry.key, json.dumps(assembly.templates[entry.key]), regions(assembly, entry, others))
        for entry in sorted(assembly.manifest, key=lambda entry: -entry.size)
    ]
    return tuple(sorted({finding for found in _side_by_side(jobs) for finding in found}))


def _side_by_side(jobs: list[LintJob]) -> list[set[Finding]]:
    workers = min(os.cpu_count() or 1, len(jobs))
    if workers < 2 or "fork" not in multiprocessing.get_all_start_methods():  # noqa: PLR2004 - one needs no other
        return [_lint(job) for job in jobs]
    from concurrent.futures import ProcessPoolExecutor

    _rules()  # read here once; forked processes have them
    with ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("fork")) as pool:
        return list(pool.map(_lint, jobs))


def regions(assembly: Assembly, entry: Entry, others: tuple[str, ...] = REGIONS) -> list[str]:
    """Name the regions that a stack is checked for."""
    pinned = entry.region != assembly.profile.region
    return [entry.region] if pinned else sorted({entry.region, *others})


@cache
def _rules() -> RulesCollection:
    from cfnlint.core import get_rules  # takes a second to import, and more to read its rules

    return get_rules([], [], ["I"])


def _lint(job: LintJob) -> set[Finding]:
    from cfnlint.api import lint as run

    key, body, where = job
    return {
        Finding(stack=key, rule=match.rule.id, resource=_resource(match), message=_short(match.message))
        for match in run(body, rules=_rules(), regions=where)
    }


def _short(message: str) -> str:
    """Cut the lists of everything that a region knows."""
    return message if len(message) <= _LINE else f"{message[:_LINE]} …"


def _resource(match: Any) -> str:
    path = [str(part) for part in getattr(match, "path", None) or ()]
    return path[1] if len(path) > 1 and path[0] == "Resources" else ""
