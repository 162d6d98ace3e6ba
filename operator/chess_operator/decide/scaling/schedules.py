"""Which limits apply now, and when that changes: `scaling.schedules` over minReplicas and maxReplicas."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from cronsim import CronSim

from chess_operator.api.model.scaling import Scaling, Schedule

_SECOND_MS = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The fewest and the most replicas that serve."""

    minimum: int
    maximum: int
    schedule: str | None = None
    until_ms: int | None = None
    """When other limits may apply."""

    def clamp(self, replicas: int) -> int:
        """Bring a number within the limits."""
        return max(self.minimum, min(self.maximum, replicas))


def limits_at(scaling: Scaling, now_ms: int) -> Limits:
    """Find the limits that apply: those of the first schedule in the list that runs, else the spec's own."""
    spans = [(schedule, _span(schedule, now_ms)) for schedule in scaling.schedules]
    until = min(
        (edge for _, span in spans for edge in span if edge is not None and edge > now_ms), default=None
    )
    for schedule, (started, _, _) in spans:
        if started is not None:
            return Limits(
                minimum=scaling.min_replicas if schedule.min_replicas is None else schedule.min_replicas,
                maximum=scaling.max_replicas if schedule.max_replicas is None else schedule.max_replicas,
                schedule=schedule.name,
                until_ms=until,
            )
    return Limits(minimum=scaling.min_replicas, maximum=scaling.max_replicas, until_ms=until)


def _span(schedule: Schedule, now_ms: int) -> tuple[int | None, int | None, int | None]:
    """Find start and end of the current run (None, None if there is none), and the next start."""
    zone = ZoneInfo(schedule.timezone)
    now = datetime.fromtimestamp(now_ms / _SECOND_MS, UTC).astimezone(zone)
    length_ms = schedule.duration_seconds * _SECOND_MS
    following = next(CronSim(schedule.start, now), None)
    next_ms = None if following is None else _ms(following)
    # Backwards from the next whole second: a run that begins now counts.
    latest = next(
        CronSim(schedule.start, now.replace(microsecond=0) + timedelta(seconds=1), reverse=True), None
    )
    latest_ms = None if latest is None else _ms(latest)
    if latest_ms is None or not latest_ms <= now_ms < latest_ms + length_ms:
        return None, None, next_ms
    return latest_ms, latest_ms + length_ms, next_ms


def _ms(moment: datetime) -> int:
    return round(moment.timestamp() * _SECOND_MS)
