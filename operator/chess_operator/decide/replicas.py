"""How many replicas should serve, and why: limits, load, behavior, fallback, cooldown, or `spec.replicas`."""

from dataclasses import dataclass, replace

from chess_operator.api.model.scaling import Scaling
from chess_operator.decide.case import Case
from chess_operator.decide.scaling import history as memory
from chess_operator.decide.scaling.behavior import ScalingStep, longest_period_ms, longest_window_ms, step
from chess_operator.decide.scaling.fallback import NO_FALLBACK, FallbackState, fallback_state
from chess_operator.decide.scaling.load import buffer, wanted
from chess_operator.decide.scaling.schedules import Limits, limits_at
from chess_operator.decide.values import History, Recommendation
from chess_presence.census import Census

_SECOND_MS = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """The number of replicas, and everything that the conditions report about it."""

    replicas: int
    wanted: int | None
    history: History
    because: str
    """Where the number comes from, in words."""
    limits: Limits | None = None
    step: ScalingStep | None = None
    fallback: FallbackState = NO_FALLBACK
    cooling: bool = False
    wakes_ms: tuple[int, ...] = ()


def find_target(case: Case) -> Target:
    """Find the number of replicas that should serve. An incomplete census never lowers it."""
    return _external(case) if case.spec.scaling.mode == "External" else _by_load(case)


def remember(past: History, census: Census, now_ms: int) -> History:
    """Note since when the census is incomplete or empty, and how many connections each pod had."""
    idle = census.complete and census.total == 0
    return replace(
        past,
        failing_since_ms=None if census.complete else _since(past.failing_since_ms, now_ms),
        idle_since_ms=_since(past.idle_since_ms, now_ms) if idle else None,
        last={**census.missing, **census.connections},
    )


def note_change(past: History, scaling: Scaling, change: int, now_ms: int) -> History:
    """Note a change of replicas that this decision orders."""
    return memory.ordered(past, change, longest_period_ms(scaling.behavior), now_ms) if change else past


def _since(begun_ms: int | None, now_ms: int) -> int:
    return now_ms if begun_ms is None else begun_ms


def _external(case: Case) -> Target:
    spec, fleet = case.spec, case.fleet
    if spec.replicas is not None:
        asked, because = spec.replicas, f"spec.replicas asks for {spec.replicas}"
    elif fleet.workload is not None:
        asked, because = fleet.current, "spec.replicas is not set, so the replicas stay"
    else:
        asked, because = spec.scaling.min_replicas, "spec.replicas is not set, so scaling.minReplicas is used"
    replicas = asked if case.census.complete else max(asked, fleet.current)
    return Target(replicas=replicas, wanted=asked, history=case.history, because=because)


def _by_load(case: Case) -> Target:
    scaling, fleet, census = case.spec.scaling, case.fleet, case.census
    limits = limits_at(scaling, case.now_ms)
    closing = limits.minimum == 0 and census.complete and census.total == 0
    want = 0 if closing else wanted(census.total, scaling, fleet.current)
    fallback = fallback_state(scaling.fallback, case.history.failing_since_ms, case.now_ms)
    target = Target(
        replicas=limits.clamp(max(want, fallback.at_least)),
        wanted=None if census.unreachable else want,
        history=case.history,
        because="nobody is connected, and minReplicas is 0" if closing else _load_in_words(case, want),
        limits=limits,
        fallback=fallback,
        wakes_ms=tuple(wake for wake in (limits.until_ms, fallback.begins_ms) if wake is not None),
    )
    return target if fleet.workload is None else _from_current(case, target, limits, want)


def _from_current(case: Case, target: Target, limits: Limits, want: int) -> Target:
    """Go from the current replicas towards the load's as far as behavior, census and cooldown allow."""
    scaling, current = case.spec.scaling, case.fleet.current
    past = _recommend(case, want)
    allowed = step(scaling.behavior, past, current, case.now_ms)
    replicas = limits.clamp(max(allowed.replicas, target.fallback.at_least))
    if not case.census.complete:
        replicas = max(replicas, current)
    cooled_ms = _cooled_at(case, past, replicas)
    wakes = (wake for wake in (allowed.again_ms, cooled_ms) if wake is not None)
    return replace(
        target,
        replicas=replicas if cooled_ms is None else 1,
        history=past,
        step=allowed,
        cooling=cooled_ms is not None,
        wakes_ms=(*target.wakes_ms, *wakes),
    )


def _recommend(case: Case, want: int) -> History:
    """Note what the load asks for. While the census is incomplete, only a rise counts."""
    past, current, now_ms = case.history, case.fleet.current, case.now_ms
    if not past.recommendations:
        now = Recommendation(at_ms=now_ms, low=current, high=current, last=current)
        past = replace(past, recommendations=(now,))
    if not case.census.complete:
        want = max(want, past.recommendations[-1].last)
    return memory.recommend(past, want, longest_window_ms(case.spec.scaling.behavior), now_ms)


def _cooled_at(case: Case, past: History, replicas: int) -> int | None:
    """When the last replica may go; None if it may go now, or need not."""
    if replicas > 0 or case.fleet.current == 0:
        return None
    cooldown_ms = case.spec.scaling.cooldown_period_seconds * _SECOND_MS
    at_ms = _since(past.idle_since_ms, case.now_ms) + cooldown_ms
    return at_ms if at_ms > case.now_ms else None


def _load_in_words(case: Case, want: int) -> str:
    census, scaling = case.census, case.spec.scaling
    if census.unreachable:
        return "the connections are not known"
    spare = buffer(census.total, scaling.buffer_size)
    known = "" if census.complete else "at least "
    return (
        f"{known}{census.total} connections plus a buffer of {spare}, "
        f"at {scaling.target_connections_per_replica} per replica, need {want}"
    )
