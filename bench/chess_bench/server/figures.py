"""From samples to figures: medians, spreads, and ratios of what was measured in the same round. Pure.

Two servers are compared within a round, a minute apart, and the median of those ratios counts: what else the machine
does changes from round to round and hits both.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

CURRENT, STARTING, HUNDRED = "current", "starting", "hundred_lines"
MOVE, ACK, LATE, IDLE, PLAYER, ECHO = "move", "ack", "late", "idle", "player", "echo"
SAME, ANEW = "returned", "returned_anew"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One measurement of one server in one round."""

    round: int
    subject: str
    measure: str
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A median and the spread that it was taken from."""

    median: float
    low: float
    high: float
    count: int


def figure(values: Iterable[float]) -> Figure | None:
    """Sum up values; None without any."""
    found = sorted(values)
    if not found:
        return None
    return Figure(median=median(found), low=found[0], high=found[-1], count=len(found))


def values(samples: Sequence[Sample], subject: str, measure: str, key: str) -> dict[int, float]:
    """Return a server's values of a measure, by round."""
    found = (one for one in samples if (one.subject, one.measure) == (subject, measure))
    return {one.round: one.values[key] for one in found if key in one.values}


def taken(samples: Sequence[Sample], subject: str, measure: str, key: str) -> Figure | None:
    """Sum up a server's values of a measure."""
    return figure(values(samples, subject, measure, key).values())


def ratio(samples: Sequence[Sample], other: str, measure: str, key: str) -> Figure | None:
    """Sum up, over the rounds that have both, this checkout's value in terms of another server's."""
    ours, theirs = (values(samples, subject, measure, key) for subject in (CURRENT, other))
    return figure(ours[number] / theirs[number] for number in ours if theirs.get(number))


FIGURES: Mapping[str, tuple[str, str, str, str]] = {
    "move_cpu_ratio_to_start": ("ratio", STARTING, MOVE, "cpu_ms"),
    "move_cpu_ratio_to_start_past_move_150": ("ratio", STARTING, LATE, "cpu_ms"),
    "move_cpu_ratio_to_hundred_lines": ("ratio", HUNDRED, MOVE, "cpu_ms"),
    "ack_p99_ratio_to_start_at_300": ("ratio", STARTING, ACK, "ack_p99_ms"),
    "idle_ratio_to_start": ("ratio", STARTING, IDLE, "idle_kib"),
    "player_ratio_to_start": ("ratio", STARTING, PLAYER, "player_kib"),
    "pairing_cpu_ratio_to_start": ("ratio", STARTING, PLAYER, "pairing_cpu_ms"),
    "moves_per_second": ("value", CURRENT, MOVE, "moves_per_second"),
    "moves_per_second_of_start": ("value", STARTING, MOVE, "moves_per_second"),
    "moves_per_second_of_hundred_lines": ("value", HUNDRED, MOVE, "moves_per_second"),
    "move_cpu_ms": ("value", CURRENT, MOVE, "cpu_ms"),
    "move_cpu_ms_past_move_150": ("value", CURRENT, LATE, "cpu_ms"),
    "move_cpu_ms_of_start": ("value", STARTING, MOVE, "cpu_ms"),
    "move_cpu_ms_of_start_past_move_150": ("value", STARTING, LATE, "cpu_ms"),
    "move_cpu_ms_of_hundred_lines": ("value", HUNDRED, MOVE, "cpu_ms"),
    "ack_p99_ms_at_300": ("value", CURRENT, ACK, "ack_p99_ms"),
    "ack_p99_ms_at_300_of_start": ("value", STARTING, ACK, "ack_p99_ms"),
    "ack_p99_ms_at_300_of_hundred_lines": ("value", HUNDRED, ACK, "ack_p99_ms"),
    "idle_kib": ("value", CURRENT, IDLE, "idle_kib"),
    "idle_kib_of_start": ("value", STARTING, IDLE, "idle_kib"),
    "player_kib": ("value", CURRENT, PLAYER, "player_kib"),
    "player_kib_of_start": ("value", STARTING, PLAYER, "player_kib"),
    "pairing_cpu_ms": ("value", CURRENT, PLAYER, "pairing_cpu_ms"),
    "pairing_cpu_ms_of_start": ("value", STARTING, PLAYER, "pairing_cpu_ms"),
    **{
        f"{measure}_{key}{end}": (kind, subject, measure, key)
        for measure in (SAME, ANEW)
        for key in ("first_p50_ms", "first_p99_ms", "return_cpu_ms", "missing")
        for end, kind, subject in (
            ("_ratio_to_start", "ratio", STARTING),
            ("", "value", CURRENT),
            ("_of_start", "value", STARTING),
        )
    },
}
"""Name → a ratio to another server or a value, whose, of which measure, which of its values."""


def all_figures(samples: Sequence[Sample]) -> dict[str, Figure | None]:
    """Return every figure; None for what was not measured."""
    return {
        name: (ratio if kind == "ratio" else taken)(samples, subject, measure, key)
        for name, (kind, subject, measure, key) in FIGURES.items()
    }


def echo_figures(samples: Sequence[Sample]) -> dict[str, dict[str, Figure | None]]:
    """Return what a message costs each server that echoes."""
    names = dict.fromkeys(one.subject for one in samples if one.measure == ECHO)
    return {name: {key: taken(samples, name, ECHO, key) for key in ("cpu_us", "p99_ms")} for name in names}


def document(samples: Sequence[Sample], about: Mapping[str, Any]) -> dict[str, Any]:
    """Return the run's whole document: the medians by name, then their spreads, then every sample."""
    figures = all_figures(samples)
    return {
        **{name: found and round(found.median, 4) for name, found in figures.items()},
        **about,
        "spread": {name: _rounded(found) for name, found in figures.items() if found},
        "echo": {
            name: {key: _rounded(found) for key, found in kinds.items() if found}
            for name, kinds in echo_figures(samples).items()
        },
        "samples": [asdict(sample) for sample in samples],
    }


def _rounded(found: Figure) -> dict[str, float]:
    return {key: round(value, 4) for key, value in asdict(found).items()}
