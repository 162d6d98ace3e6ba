"""A recorded load: CSV with the columns `seconds` and `connections`, ordered by time."""

import csv
from collections.abc import Iterable
from dataclasses import dataclass

_COLUMNS = ("seconds", "connections")
_MOST = 10_000_000


class TraceError(ValueError):
    """One line: which line of the file, what is wrong, what is allowed."""


@dataclass(frozen=True, slots=True)
class Point:
    """The number of connections from this time on."""

    at_ms: int
    connections: int


def read(lines: Iterable[str]) -> list[Point]:
    """Read a trace, or raise TraceError."""
    rows = csv.DictReader(lines)
    missing = [column for column in _COLUMNS if column not in (rows.fieldnames or ())]
    if missing:
        raise TraceError(
            f"line 1: column {missing[0]!r} is missing; the first line must name {' and '.join(_COLUMNS)}"
        )
    points: list[Point] = []
    for row in rows:
        point = _point(row, rows.line_num)
        if points and point.at_ms < points[-1].at_ms:
            raise TraceError(
                f"line {rows.line_num}: seconds {row['seconds']} is before the line above; sort by time"
            )
        points.append(point)
    if not points:
        raise TraceError("line 2: the trace is empty; give at least one line of seconds and connections")
    return points


def _point(row: dict[str, str], line: int) -> Point:
    try:
        point = Point(round(float(row["seconds"]) * 1000), int(row["connections"]))
    except (TypeError, ValueError, OverflowError):
        given = ",".join(str(row.get(column)) for column in _COLUMNS)
        raise TraceError(
            f"line {line}: {given!r} are not two numbers; give seconds and whole connections"
        ) from None
    if point.at_ms < 0 or not 0 <= point.connections <= _MOST:
        raise TraceError(
            f"line {line}: {row['seconds']},{row['connections']}: "
            f"seconds must be 0 or more, connections from 0 to {_MOST}"
        )
    return point
