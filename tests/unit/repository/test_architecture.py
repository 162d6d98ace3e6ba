"""docs/architecture.md and docs/extending.md: their files exist, and the picture is the import contracts' own.

That links lead to files is test_links.py's; here every file that a page names is a link.
"""

import re
import tomllib
from itertools import permutations, product
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[3]
DOCS = ROOT / "docs"
ARCHITECTURE = (DOCS / "architecture.md").read_text(encoding="utf-8")
EXTENDING = (DOCS / "extending.md").read_text(encoding="utf-8")
PACKAGES = {
    "operator": "operator/chess_operator",
    "server": "server/chess_server",
    "stacks": "cloudformation/chess_stacks",
    "bench": "bench/chess_bench",
    "localcluster": "localcluster/chess_localcluster",
}
NAMES = {"chess_presence": "presence"} | {Path(path).name: name for name, path in PACKAGES.items()}
CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
JOURNEYS = (
    "From a heartbeat to replicas",
    "From a frame to its acknowledgement",
    "From a profile to a stack",
    "`make demo`",
)
MOST_FILES = 3


def section(page: str, title: str) -> str:
    found = re.search(rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", page, re.DOTALL | re.MULTILINE)
    assert found, title
    return found[1]


def rows(package: str) -> list[set[str]]:
    """Return a package's rows in the picture, from the top."""
    found = re.search(rf"^  subgraph {package}\n(.*?)^  end$", ARCHITECTURE, re.DOTALL | re.MULTILINE)
    assert found, package
    return [set(label.split(" · ")) for label in re.findall(r'\["(.+?)"\]', found[1])]


def folders(package: str) -> set[str]:
    return {init.parent.name for init in (ROOT / PACKAGES[package]).glob("*/__init__.py")}


def layers(package: str) -> list[set[str]]:
    """Return the folders of each layer of a package's contract, from the top."""
    container = [Path(PACKAGES[package]).name]
    [whole] = [one for one in CONTRACTS if one["type"] == "layers" and one.get("containers") == container]
    named = [set(re.split(r" *[|:] *", layer)) & folders(package) for layer in whole["layers"]]
    return [layer for layer in named if layer]


def forbidden(contract: dict[str, Any]) -> set[tuple[str, str]]:
    """Return which packages a contract keeps from which, by their names in the picture."""
    if contract["type"] == "independence":
        return {*permutations((NAMES[module] for module in contract["modules"]), 2)}
    if contract["type"] != "forbidden":
        return set()
    pairs = product(contract["source_modules"], contract["forbidden_modules"])
    return {(NAMES[one], NAMES[other]) for one, other in pairs if {one, other} <= NAMES.keys()}


def test_the_first_picture_shows_whom_the_contracts_let_know_each_other() -> None:
    [picture] = re.findall(r"^flowchart TB\n  bench\[(.*?)^```", ARCHITECTURE, re.DOTALL | re.MULTILINE)
    arrows = set(re.findall(r"^  (\w+) -->(?:\|.*?\|)? (\w+)$", picture, re.MULTILINE))
    assert arrows == {*permutations(NAMES.values(), 2)} - set().union(*map(forbidden, CONTRACTS))


@pytest.mark.parametrize("package", PACKAGES)
def test_the_picture_shows_the_contracts_layers(package: str) -> None:
    assert rows(package) == layers(package)
    assert set().union(*rows(package)) == folders(package)


@pytest.mark.parametrize("page", [ARCHITECTURE, EXTENDING], ids=["architecture", "extending"])
def test_every_file_that_a_page_names_is_a_link(page: str) -> None:
    assert re.findall(r"(?<!\[)`[\w./-]+/[\w.-]+\.(?:py|lua|md|yaml)`", page) == []


@pytest.mark.parametrize("title", JOURNEYS)
def test_each_step_of_a_journey_names_its_file(title: str) -> None:
    steps = re.findall(r"^\d+\. (.*)$", section(ARCHITECTURE, title), re.MULTILINE)
    assert steps
    assert [step for step in steps if not step.startswith("[`")] == []


@pytest.mark.parametrize("title", re.findall(r"^## (Add .*)$", EXTENDING, re.MULTILINE))
def test_a_recipe_touches_at_most_three_files(title: str) -> None:
    steps = re.findall(r"^\d+\. \[`.+?`\]\(.+?\)", section(EXTENDING, title), re.MULTILINE)
    assert 0 < len(steps) <= MOST_FILES


def test_there_is_a_recipe_for_what_is_added_most() -> None:
    added = {title.split()[-1] for title in re.findall(r"^## (Add .*)$", EXTENDING, re.MULTILINE)}
    assert {"field", "condition", "command", "stack", "verb"} <= added
