"""How many replicas should serve, and why: limits, load, behavior, fallback, cooldown, or what somebody else says."""

from dataclasses import dataclass, replace

from chess_operator.api.model import ChessClusterSpec
from chess_operator.api.model.scaling import Scaling
from chess_operator.decide.fleet import Fleet
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
    """The number, and all that the conditions tell of it."""

    replicas: int
    wanted: int | None
    history: History
    because: str
    """What the number comes from, in words."""
    limits: Limits | None = None
    step: ScalingStep | None = None
    fallback: FallbackState = NO_FALLBACK
    cooling: bool = False
    wakes_ms: tuple[int, ...] = ()


def aim(spec: ChessClusterSpec, fleet: Fleet, census: Census, past: History, now_ms: int) -> Target:
    """Find the number of replicas that should serve. An incomplete census never makes it less than it is."""
    if spec.scaling.mode == "External":
        return _external(spec, fleet, census, past)
    return _by_load(spec.scaling, fleet, census, past, now_ms)


def remember(past: History, census: Census, now_ms: int) -> History:
    """Note since when the census fails or shows nobody, and what every pod had."""
    idle = census.complete and census.total == 0
    return replace(
        past,
        failing_since_ms=None if census.complete else _since(past.failing_since_ms, now_ms),
        idle_since_ms=_since(past.idle_since_ms, now_ms) if idle else None,
        last={**census.missing, **census.connections},
    )


def ordered(past: History, scaling: Scaling, change: int, now_ms: int) -> History:
    """Note a change that this decision orders."""
    return memory.ordered(past, change, longest_period_ms(scaling.behavior), now_ms) if change else past


def _since(begun_ms: int | None, now_ms: int) -> int:
    return now_ms if begun_ms is None else begun_ms


def _external(spec: ChessClusterSpec, fleet: Fleet, census: Census, past: History) -> Target:
    if spec.replicas is not None:
        asked, because = spec.replicas, f"spec.replicas asks for {spec.replicas}"
    elif fleet.workload is not None:
        asked, because = fleet.current, "spec.replicas is not set, what there is stays"
    else:
        asked, because = spec.scaling.min_replicas, "spec.replicas is not set, begun with scaling.minReplicas"
    replicas = asked if census.complete else max(asked, fleet.current)
    return Target(replicas=replicas, wanted=asked, history=past, because=because)


def _by_load(scaling: Scaling, fleet: Fleet, census: Census, past: History, now_ms: int) -> Target:
    limits = limits_at(scaling, now_ms)
    closing = limits.minimum == 0 and census.complete and census.total == 0
    want = 0 if closing else wanted(census.total, scaling, fleet.current)
    foot = fallback_state(scaling.fallback, past.failing_since_ms, now_ms)
    because = (
        "nobody is connected, and minReplicas is 0" if closing else _load_in_words(census, scaling, want)
    )
    told = None if census.unreachable else want
    if fleet.workload is None:
        start = limits.clamp(max(want, foot.at_least))
        return Target(
            replicas=start,
            wanted=told,
            history=past,
            because=because,
            limits=limits,
            fallback=foot,
            wakes_ms=_wakes(limits, foot),
        )
    past = _recommend(scaling, fleet, census, past, want, now_ms)
    move = step(scaling.behavior, past, fleet.current, now_ms)
    replicas = limits.clamp(max(move.replicas, foot.at_least))
    if not census.complete:
        replicas = max(replicas, fleet.current)
    cooled_ms = _cooled_at(scaling, fleet, past, replicas, now_ms)
    return Target(
        replicas=replicas if cooled_ms is None else 1,
        wanted=told,
        history=past,
        because=because,
        limits=limits,
        step=move,
        fallback=foot,
        cooling=cooled_ms is not None,
        wakes_ms=(*_wakes(limits, foot), *(wake for wake in (move.again_ms, cooled_ms) if wake is not None)),
    )


def _recommend(
    scaling: Scaling, fleet: Fleet, census: Census, past: History, want: int, now_ms: int
) -> History:
    """Note what the load asks for. While it is not known, only a rise is news."""
    if not past.recommendations:
        now = Recommendation(at_ms=now_ms, low=fleet.current, high=fleet.current, last=fleet.current)
        past = replace(past, recommendations=(now,))
    if not census.complete:
        want = max(want, past.recommendations[-1].last)
    return memory.recommend(past, want, longest_window_ms(scaling.behavior), now_ms)


def _cooled_at(scaling: Scaling, fleet: Fleet, past: History, replicas: int, now_ms: int) -> int | None:
    """When the last replica may go, where it may not yet."""
    if replicas > 0 or fleet.current == 0:
        return None
    at_ms = _since(past.idle_since_ms, now_ms) + scaling.cooldown_period_seconds * _SECOND_MS
    return at_ms if at_ms > now_ms else None


def _wakes(limits: Limits, foot: FallbackState) -> tuple[int, ...]:
    return tuple(wake for wake in (limits.until_ms, foot.begins_ms) if wake is not None)


def _load_in_words(census: Census, scaling: Scaling, want: int) -> str:
    if census.unreachable:
        return "the connections are not known"
    spare = buffer(census.total, scaling.buffer_size)
    known = "" if census.complete else "at least "
    return (
        f"{known}{census.total} connections and a buffer of {spare} "
        f"at {scaling.target_connections_per_replica} a replica want {want}"
    )
