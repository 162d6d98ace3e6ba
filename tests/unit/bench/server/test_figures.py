"""Medians, spreads and ratios, from a table of samples."""

from typing import Any

import pytest

from chess_bench.server import figures
from chess_bench.server.figures import CURRENT, ECHO, HUNDRED, LATE, MOVE, STARTING, Figure, Sample


def sample(number: int, subject: str, measure: str, **values: Any) -> Sample:
    return Sample(round=number, subject=subject, measure=measure, values=values)


SAMPLES = [
    sample(0, STARTING, MOVE, cpu_ms=1.0),
    sample(0, CURRENT, MOVE, cpu_ms=0.4),
    sample(1, CURRENT, MOVE, cpu_ms=0.5),
    sample(1, STARTING, MOVE, cpu_ms=2.0),
    sample(2, STARTING, MOVE, cpu_ms=1.0),
    sample(2, CURRENT, MOVE, cpu_ms=0.9),
    sample(3, CURRENT, MOVE, cpu_ms=7.0),  # the other one failed in this round
    sample(0, HUNDRED, MOVE, cpu_ms=1.6),
    sample(0, "ws", ECHO, cpu_us=20.0, p99_ms=3.0),
]


def test_a_ratio_compares_within_a_round_and_takes_the_median_of_rounds() -> None:
    found = figures.ratio(SAMPLES, STARTING, MOVE, "cpu_ms")
    assert found == Figure(median=0.4, low=0.25, high=0.9, count=3)


def test_a_value_has_its_spread() -> None:
    assert figures.taken(SAMPLES, CURRENT, MOVE, "cpu_ms") == Figure(median=0.7, low=0.4, high=7.0, count=4)


@pytest.mark.parametrize(
    "name, value",
    [
        ("move_cpu_ratio_to_start", 0.4),
        ("move_cpu_ratio_to_hundred_lines", 0.25),
        ("move_cpu_ms_of_start", 1.0),
        ("move_cpu_ratio_to_start_past_move_150", None),
        ("ack_p99_ms_at_300", None),
        ("idle_kib", None),
        ("player_kib", None),
    ],
)
def test_the_document_has_every_figure_and_null_for_what_was_not_measured(
    name: str, value: float | None
) -> None:
    found = figures.document(SAMPLES, {"skipped": {"starting": "no history"}})
    assert found[name] == value
    assert (name in found["spread"]) == (value is not None)
    assert found["skipped"] == {"starting": "no history"}


def test_the_document_has_every_sample_and_every_echo() -> None:
    found = figures.document(SAMPLES, {})
    assert len(found["samples"]) == len(SAMPLES)
    assert found["samples"][0] == {
        "round": 0,
        "subject": STARTING,
        "measure": MOVE,
        "values": {"cpu_ms": 1.0},
    }
    assert found["echo"]["ws"]["cpu_us"] == {"median": 20.0, "low": 20.0, "high": 20.0, "count": 1}


def test_a_version_that_used_no_measurable_time_makes_no_ratio() -> None:
    nothing = [sample(0, STARTING, LATE, cpu_ms=0.0), sample(0, CURRENT, LATE, cpu_ms=0.1)]
    assert figures.ratio(nothing, STARTING, LATE, "cpu_ms") is None
