"""From a stored `.spec` to the model, or to one line that names what is wrong and what is allowed.

The API server has checked most of it already. It cannot check time zones and cron expressions, and an object may be
older than the rules of today.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from chess_operator.api.model.cluster import ChessClusterSpec
from chess_operator.api.model.scaling import Schedule


class SpecError(ValueError):
    """One line: field, value, what is allowed."""


def parse(spec: Mapping[str, Any]) -> ChessClusterSpec:
    """Read `.spec`, or raise SpecError."""
    try:
        parsed = ChessClusterSpec.model_validate(spec)
    except ValidationError as error:
        raise SpecError("; ".join(_line(one) for one in error.errors(include_url=False)[:3])) from None
    for index, schedule in enumerate(parsed.scaling.schedules):
        _check(schedule, f"spec.scaling.schedules[{index}]")
    return parsed


def _line(error: ErrorDetails) -> str:
    path = "spec" + "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in error["loc"])
    if error["type"] in ("rule", "missing", "extra_forbidden"):
        wording = {"missing": "is required", "extra_forbidden": "is not a field of this version"}
        return f"{path}: {wording.get(error['type'], error['msg'])}"
    return f"{path}: {error['input']!r} is not valid: {error['msg'][:1].lower()}{error['msg'][1:]}"


def _check(schedule: Schedule, path: str) -> None:
    try:
        ZoneInfo(schedule.timezone)
    except (OSError, ValueError, KeyError):
        message = f"{path}.timezone: {schedule.timezone!r} is not a time zone; use an IANA name such as Europe/Berlin"
        raise SpecError(message) from None
    try:
        next(CronSim(schedule.start, datetime(2024, 1, 1, tzinfo=UTC)))
    except (CronSimError, StopIteration):
        message = f"{path}.start: {schedule.start!r} never comes; use five cron fields such as '0 18 * * 5'"
        raise SpecError(message) from None
