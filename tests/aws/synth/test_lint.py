"""cfn-lint, informational rules included: nothing stands for any profile or variant."""

import json

import pytest

from chess_stacks.rules import cfn, own, waivers
from chess_stacks.synth.synthesis import Assembly, Entry

DERIVED = {"delivery"}
"""Made of the other stacks' types by one function, and large: linted for the profiles and where CI has a role."""


def only(assembly: Assembly, keys: set[str]) -> Assembly:
    """Keep some stacks of an assembly."""
    return Assembly(
        profile=assembly.profile,
        templates={key: assembly.templates[key] for key in keys},
        manifest=tuple(entry for entry in assembly.manifest if entry.key in keys),
    )


@pytest.mark.timeout(300)
def test_no_finding_stands_in_any_profile(assembly: Assembly) -> None:
    settled = waivers.settle(assembly.profile.name, cfn.lint(assembly), waivers.load())
    assert settled.standing == ()


@pytest.mark.timeout(600)
def test_no_finding_stands_in_any_variant(
    variants: dict[str, Assembly], assemblies: dict[str, Assembly]
) -> None:
    """A stack that is the same as in a profile is not linted again; variants differ in one or two."""
    seen = {json.dumps(body) for made in assemblies.values() for body in made.templates.values()}
    standing, used = [], []
    for name, variant in variants.items():
        fresh = {key for key, body in variant.templates.items() if json.dumps(body) not in seen}
        assert fresh, f"{name} changes something"
        fresh -= set() if variant.profile.bootstrap.ci_repository else DERIVED
        seen |= {json.dumps(variant.templates[key]) for key in fresh}
        found = cfn.lint(only(variant, fresh), others=())
        settled = waivers.settle(variant.profile.name, found, waivers.load())
        standing += [(name, str(finding)) for finding in settled.standing]
        used += [waiver for _, waiver in settled.waived]
    assert standing == []
    own_list = tuple(waiver for waiver in waivers.load() if not waiver.rule.startswith("CKV"))
    assert waivers.stale(used, own_list) == (), "no waiver outlives its cause"


def test_no_rule_of_our_own_is_broken_in_any_variant(variant: Assembly) -> None:
    assert own.inspect(variant) == ()


def test_three_regions_are_linted_and_cloudfronts_stack_in_its_own(variants: dict[str, Assembly]) -> None:
    europe = variants["a region of its own"]

    def where(key: str) -> list[str]:
        entry: Entry = next(entry for entry in europe.manifest if entry.key == key)
        return cfn.regions(europe, entry)

    assert where("network") == ["ap-southeast-1", "eu-central-1", "us-east-1"]
    assert where("edge-global") == ["us-east-1"]


def test_a_fault_is_found(assemblies: dict[str, Assembly]) -> None:
    prod = only(assemblies["prod"], {"data-rds"})
    body = json.loads(json.dumps(prod.templates["data-rds"]))
    body["Resources"]["Writer"]["Properties"]["DBInstanceClass"] = "db.none"
    broken = Assembly(profile=prod.profile, templates={"data-rds": body}, manifest=prod.manifest)
    assert {finding.resource for finding in cfn.lint(broken, others=())} == {"Writer"}
