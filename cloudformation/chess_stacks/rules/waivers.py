"""The dated list of findings that stand for a reason, and what is left when it has been applied.

The list is data (`waivers.yaml`), the same for cfn-lint, checkov and our own rules.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from importlib import resources

import yaml
from pydantic import TypeAdapter

from chess_stacks.rules.finding import Finding


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiver:
    """One rule that is waived: where, why, and since when."""

    rule: str
    reason: str
    since: date
    stacks: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
    profiles: tuple[str, ...] = ()

    def covers(self, profile: str, finding: Finding) -> bool:
        """Return whether the finding is waived."""
        return (
            self.rule == finding.rule
            and (not self.stacks or finding.stack in self.stacks)
            and (not self.resources or finding.resource in self.resources)
            and (not self.profiles or profile in self.profiles)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """Findings that stand, and waived ones with their waiver."""

    standing: tuple[Finding, ...]
    waived: tuple[tuple[Finding, Waiver], ...]


def load() -> tuple[Waiver, ...]:
    """Read the shipped list."""
    text = resources.files("chess_stacks.rules").joinpath("waivers.yaml").read_text(encoding="utf-8")
    return TypeAdapter(tuple[Waiver, ...]).validate_python(yaml.safe_load(text))


def settle(profile: str, findings: Iterable[Finding], waivers: tuple[Waiver, ...]) -> Settlement:
    """Split findings by the list."""
    standing: list[Finding] = []
    waived: list[tuple[Finding, Waiver]] = []
    for finding in findings:
        match = next((waiver for waiver in waivers if waiver.covers(profile, finding)), None)
        if match is None:
            standing.append(finding)
        else:
            waived.append((finding, match))
    return Settlement(standing=tuple(standing), waived=tuple(waived))


def stale(used: Iterable[Waiver], waivers: tuple[Waiver, ...]) -> tuple[Waiver, ...]:
    """List waivers that nothing needed."""
    needed = set(used)
    return tuple(waiver for waiver in waivers if waiver not in needed)
