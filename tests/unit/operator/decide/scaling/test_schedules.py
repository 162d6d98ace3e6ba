"""Schedules: other limits for a while, in their own time zone."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from chess_operator.api.model.scaling import Scaling
from chess_operator.decide.scaling.schedules import limits_at

BERLIN = ZoneInfo("Europe/Berlin")
EVENING = {
    "name": "friday",
    "timezone": "Europe/Berlin",
    "start": "0 18 * * 5",
    "durationSeconds": 7200,
    "minReplicas": 5,
}


def berlin(text: str) -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=BERLIN).timestamp() * 1000)


def scaling(*schedules: dict[str, object]) -> Scaling:
    return Scaling.model_validate({"minReplicas": 2, "maxReplicas": 9, "schedules": schedules})


@pytest.mark.parametrize(
    "now, minimum, until",
    [
        ("2026-11-20T17:59:59", 2, "2026-11-20T18:00:00"),
        ("2026-11-20T18:00:00", 5, "2026-11-20T20:00:00"),
        ("2026-11-20T18:00:30.500", 5, "2026-11-20T20:00:00"),
        ("2026-11-20T19:59:59.999", 5, "2026-11-20T20:00:00"),
        ("2026-11-20T20:00:00", 2, "2026-11-27T18:00:00"),
        ("2026-07-03T19:00:00", 5, "2026-07-03T20:00:00"),
    ],
    ids=[
        "just before",
        "at the start",
        "with milliseconds",
        "just before the end",
        "at the end",
        "in summer time",
    ],
)
def test_limits_are_in_force_from_start_to_end(now: str, minimum: int, until: str) -> None:
    limits = limits_at(scaling(EVENING), berlin(now))
    assert (limits.minimum, limits.maximum) == (minimum, 9)
    assert limits.until_ms == berlin(until)
    assert limits.schedule == ("friday" if minimum == 5 else None)


def test_a_run_that_began_yesterday_is_in_force_when_the_next_is_a_minute_away() -> None:
    daily = {"name": "day", "start": "0 12 * * *", "durationSeconds": 86_400, "minReplicas": 4}
    at = round(datetime.fromisoformat("2026-11-20T11:59:30+00:00").timestamp() * 1000)
    assert limits_at(scaling(daily), at).minimum == 4


def test_of_several_in_force_the_first_counts() -> None:
    other = {**EVENING, "name": "second", "minReplicas": 7, "maxReplicas": 8}
    now = berlin("2026-11-20T19:00:00")
    assert limits_at(scaling(EVENING, other), now).minimum == 5
    assert (limits_at(scaling(other, EVENING), now).minimum, limits_at(scaling(other), now).maximum) == (7, 8)


def test_an_hour_that_the_clock_skips_still_comes() -> None:
    """02:30 does not exist in Berlin on 29 March 2026; as with Debian's cron the run begins at 03:00."""
    night = {**EVENING, "start": "30 2 * * *", "durationSeconds": 1800}
    assert limits_at(scaling(night), berlin("2026-03-29T03:10:00")).minimum == 5
    assert limits_at(scaling(night), berlin("2026-03-29T03:40:00")).minimum == 2


def test_without_schedules_nothing_changes() -> None:
    limits = limits_at(scaling(), 0)
    assert (limits.minimum, limits.maximum, limits.until_ms) == (2, 9, None)
    assert [limits.clamp(one) for one in (0, 5, 50)] == [2, 5, 9]
