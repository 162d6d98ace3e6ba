"""Decisions have one form, and the index has each of them with its title and date."""

import re
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[3] / "docs" / "decisions"
DECISIONS = sorted(page for page in FOLDER.glob("*.md") if page.name != "README.md")
ROW = re.compile(r"^\| (\d{4}) \| \[(.+)\]\((.+)\) \| (\d{4}-\d\d-\d\d) \|$", re.MULTILINE)


@pytest.mark.parametrize("page", DECISIONS, ids=lambda page: page.stem)
def test_a_decision_has_its_number_a_date_and_three_parts(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert re.match(r"\d{4}-[a-z0-9-]+\.md$", page.name)
    assert re.match(rf"# {page.name[:4]}\. \S.*\n\n\d{{4}}-\d\d-\d\d\n\n", text)
    assert [part for part in ("**Context.**", "**Decision.**", "**Rejected.**") if part not in text] == []


def test_no_number_is_used_twice() -> None:
    numbers = [page.name[:4] for page in DECISIONS]
    assert sorted(set(numbers)) == numbers


def test_the_index_lists_every_decision() -> None:
    heads = [(page, page.read_text(encoding="utf-8").splitlines()) for page in DECISIONS]
    expected = [(page.name[:4], lines[0].split(" ", 2)[2], page.name, lines[2]) for page, lines in heads]
    assert ROW.findall((FOLDER / "README.md").read_text(encoding="utf-8")) == expected
