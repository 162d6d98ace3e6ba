"""Results of several pytest runs, added up as one."""

from pathlib import Path

import pytest
from lanes.results import Counts, Line, closing_line, read, table

XML = '<testsuites><testsuite tests="9" failures="2" errors="1" skipped="3" time="1.5"/></testsuites>'


def test_a_run_is_read_from_its_xml(tmp_path: Path) -> None:
    (tmp_path / "run.xml").write_text(XML)
    assert read(tmp_path / "run.xml") == Counts(passed=3, failed=2, errors=1, skipped=3)


@pytest.mark.parametrize("text", [None, "", "<testsuites><test", "<testsuites/>", '<testsuite tests="1"/>'])
def test_a_run_that_wrote_no_results_is_an_error(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        (tmp_path / "run.xml").write_text(text)
    assert read(tmp_path / "run.xml") == Counts(errors=1)


@pytest.mark.parametrize(
    "counts, words",
    [
        ([Counts(passed=2), Counts(passed=3, skipped=1)], "5 passed, 1 skipped in 75.00s (0:01:15)"),
        ([Counts(passed=2, failed=1), Counts(errors=1)], "1 failed, 2 passed, 1 error in 75.00s (0:01:15)"),
        ([], "no tests ran in 75.00s (0:01:15)"),
    ],
)
def test_the_closing_line_is_pytest_s(counts: list[Counts], words: str) -> None:
    line = closing_line(counts, 75.0)
    assert line.strip("=") == f" {words} "
    assert line.startswith("=====")


def test_a_tier_lasts_from_its_first_job_to_its_last() -> None:
    line = Line(counts=Counts(passed=1), seconds=10, began=5, ended=15)
    assert line.with_job(Counts(failed=1), 2, 8) == Line(
        counts=Counts(passed=1, failed=1), seconds=16, began=2, ended=15
    )
    shown = table({"unit": line})
    assert "1 passed" in shown
    assert "0:05" in shown
