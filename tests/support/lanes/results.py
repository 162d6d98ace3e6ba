"""Results of pytest runs, added up: from JUnit XML to the table of tiers and pytest's closing line."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """Tests by outcome, as pytest's closing line names them."""

    passed: int = 0
    failed: int = 0
    errors: int = 0
    skipped: int = 0

    @property
    def bad(self) -> int:
        """How many did not go as they should."""
        return self.failed + self.errors

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(
            passed=self.passed + other.passed,
            failed=self.failed + other.failed,
            errors=self.errors + other.errors,
            skipped=self.skipped + other.skipped,
        )

    def __str__(self) -> str:
        named = (
            ("failed", self.failed),
            ("passed", self.passed),
            ("skipped", self.skipped),
            ("error" if self.errors == 1 else "errors", self.errors),
        )
        return ", ".join(f"{count} {name}" for name, count in named if count) or "no tests ran"


def read(path: Path) -> Counts:
    """Read the JUnit XML of one run; a run that wrote none ended before its end, which is one error."""
    try:
        suite = ElementTree.parse(path).getroot()  # noqa: S314 - our own document
        found = suite if suite.tag == "testsuite" else suite[0]
        tests, failed, errors, skipped = (
            int(found.attrib[name]) for name in ("tests", "failures", "errors", "skipped")
        )
    except (OSError, ElementTree.ParseError, LookupError, ValueError):
        return Counts(errors=1)
    return Counts(passed=tests - failed - errors - skipped, failed=failed, errors=errors, skipped=skipped)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One tier: its tests, the seconds of its jobs added up, and when the first began and the last ended."""

    counts: Counts
    seconds: float
    began: float
    ended: float

    def with_job(self, counts: Counts, began: float, ended: float) -> "Line":
        """Add a job."""
        return Line(
            counts=self.counts + counts,
            seconds=self.seconds + ended - began,
            began=min(self.began, began),
            ended=max(self.ended, ended),
        )


def table(tiers: Mapping[str, Line]) -> str:
    """Lay the tiers out, in the order given. `from` and `to` are minutes and seconds since the start of all."""
    head = f"{'tier':12} {'jobs took':>10} {'from':>7} {'to':>7}   tests"
    rows = (
        f"{name:12} {line.seconds:8.0f} s {_clock(line.began):>7} {_clock(line.ended):>7}   "
        f"{line.counts if line.counts != Counts() else '-'}"
        for name, line in tiers.items()
    )
    return "\n".join([head, *rows])


def _clock(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02}"


def closing_line(counts: Iterable[Counts], seconds: float) -> str:
    """Return what pytest would have written last, had it run everything in one process."""
    whole = sum(counts, Counts())
    clock = f"{int(seconds) // 3600}:{int(seconds) // 60 % 60:02}:{int(seconds) % 60:02}"
    return f"{f' {whole} in {seconds:.2f}s ({clock}) ':=^100}"
