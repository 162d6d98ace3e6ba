"""checkov, from a virtual environment of its own: each finding is waived for a reason, and no waiver is idle."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from chess_stacks.rules import waivers
from chess_stacks.rules.finding import Finding
from chess_stacks.rules.waivers import Settlement
from chess_stacks.synth.synthesis import Assembly

CHECKOV = Path(__file__).parents[3] / ".venv-checkov" / "bin" / "checkov"


@pytest.fixture(scope="module")
def checked(assemblies: dict[str, Assembly], variants: dict[str, Assembly]) -> dict[str, Assembly]:
    """Every profile, and of every variant the stacks that are like no other's, by the folder they are written to."""
    seen = {json.dumps(body) for made in assemblies.values() for body in made.templates.values()}
    found = dict(assemblies)
    for number, variant in enumerate(variants.values()):
        fresh = {key: body for key, body in variant.templates.items() if json.dumps(body) not in seen}
        seen |= {json.dumps(body) for body in fresh.values()}
        entries = tuple(entry for entry in variant.manifest if entry.key in fresh)
        found[f"variant-{number}"] = Assembly(profile=variant.profile, templates=fresh, manifest=entries)
    return found


@pytest.fixture(scope="module")
def report(checked: dict[str, Assembly], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """One run over everything: start-up is most of what it costs."""
    assert CHECKOV.exists(), "make aws-tools makes .venv-checkov"
    folder = tmp_path_factory.mktemp("synth")
    for name, assembly in checked.items():
        (folder / name).mkdir()
        for key, body in assembly.templates.items():
            (folder / name / f"{key}.json").write_text(json.dumps(body), encoding="utf-8")
    command = [
        str(CHECKOV),
        "-d",
        str(folder),
        "--framework",
        "cloudformation",
        "-o",
        "json",
        "--quiet",
        "--compact",
    ]
    ran = subprocess.run(
        [*command, "--skip-download"], capture_output=True, text=True, timeout=280, check=False
    )
    loaded = json.loads(ran.stdout)
    return loaded if isinstance(loaded, dict) else next(part for part in loaded if part["results"])


@pytest.fixture(scope="module")
def settled(report: dict[str, Any], checked: dict[str, Assembly]) -> dict[str, Settlement]:
    found: dict[str, list[Finding]] = {}
    for check in report["results"]["failed_checks"]:
        _, name, file = check["file_path"].split("/")
        finding = Finding(
            stack=file.removesuffix(".json"),
            rule=check["check_id"],
            resource=check["resource"].rpartition(".")[2],
            message=check["check_name"],
        )
        found.setdefault(name, []).append(finding)
    return {
        name: waivers.settle(checked[name].profile.name, findings, waivers.load())
        for name, findings in found.items()
    }


def test_checkov_read_every_template(report: dict[str, Any], checked: dict[str, Assembly]) -> None:
    resources = sum(entry.resources for made in checked.values() for entry in made.manifest)
    assert report["summary"]["parsing_errors"] == 0
    assert report["summary"]["resource_count"] >= resources
    assert report["summary"]["passed"] > 1000


def test_no_finding_stands(settled: dict[str, Settlement]) -> None:
    assert {name: settlement.standing for name, settlement in settled.items() if settlement.standing} == {}


def test_no_waiver_outlives_its_cause(settled: dict[str, Settlement]) -> None:
    used = [waiver for settlement in settled.values() for _, waiver in settlement.waived]
    theirs = tuple(waiver for waiver in waivers.load() if waiver.rule.startswith("CKV"))
    assert waivers.stale(used, theirs) == ()
