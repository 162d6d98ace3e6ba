"""What scaling remembers, and how it survives the operator: recommendations and scale events.

Recommendations are a step function, not samples: the operator is woken by events, and between two of them the last
recommendation holds. Changes within one step of the resolution are merged, so that the history of a busy cluster stays
small, and that of a quiet one does not change at all.

The encoding goes into `status.scaling.history`. If it is unreadable or lost, the history starts again with the current
replicas: nothing is then scaled in for one stabilisation window.
"""

import json
from dataclasses import replace
from typing import Any

from chess_operator.decide.values import History, Recommendation, ScaleEvent

_STEPS = 60
_MIN_RESOLUTION_MS = 1000
_MAX_EVENTS = 200
_SCHEMA = 1


def resolution(window_ms: int) -> int:
    """Return how long changes of the recommendation are merged into one entry."""
    return max(_MIN_RESOLUTION_MS, window_ms // _STEPS)


def settle(history: History, now_ms: int) -> History:
    """Move times in the future to now: a failover can set the clock back, and must not erase the history."""
    return replace(
        history,
        recommendations=tuple(replace(one, at_ms=min(one.at_ms, now_ms)) for one in history.recommendations),
        events=tuple(replace(one, at_ms=min(one.at_ms, now_ms)) for one in history.events),
        failing_since_ms=_not_after(history.failing_since_ms, now_ms),
        idle_since_ms=_not_after(history.idle_since_ms, now_ms),
        last_scale_ms=_not_after(history.last_scale_ms, now_ms),
    )


def _not_after(moment: int | None, now_ms: int) -> int | None:
    return None if moment is None else min(moment, now_ms)


def recommend(history: History, replicas: int, window_ms: int, now_ms: int) -> History:
    """Note what the load asks for now, and forget what a window of this length no longer reaches."""
    past = list(history.recommendations)
    if not past:
        past = [Recommendation(at_ms=now_ms, low=replicas, high=replicas, last=replicas)]
    latest = past[-1]
    if latest.last != replicas:
        past[-1:] = _add(latest, replicas, resolution(window_ms), now_ms)
    while len(past) > 1 and past[1].at_ms <= now_ms - window_ms - resolution(window_ms):
        past.pop(0)
    return replace(history, recommendations=tuple(past))


def _add(latest: Recommendation, replicas: int, step_ms: int, now_ms: int) -> list[Recommendation]:
    if now_ms - latest.at_ms < step_ms:
        merged = replace(
            latest, low=min(latest.low, replicas), high=max(latest.high, replicas), last=replicas
        )
        return [merged]
    return [latest, Recommendation(at_ms=now_ms, low=replicas, high=replicas, last=replicas)]


def span(history: History, window_ms: int, now_ms: int, step_ms: int) -> tuple[int, int]:
    """Lowest and highest recommendation within the window that ends now."""
    values = [
        value
        for one, until in _pieces(history, now_ms)
        for value in _within(one, until, now_ms - window_ms, step_ms)
    ]
    latest = history.recommendations[-1].last
    return min([*values, latest]), max([*values, latest])


def _pieces(history: History, now_ms: int) -> list[tuple[Recommendation, int]]:
    past = history.recommendations
    return list(zip(past, [*(one.at_ms for one in past[1:]), now_ms], strict=True))


def _within(one: Recommendation, until_ms: int, start_ms: int, step_ms: int) -> list[int]:
    """List the values of an entry that the window still sees: all while it merged, later only the last."""
    if min(one.at_ms + step_ms, until_ms) > start_ms:
        return [one.low, one.high, one.last]
    return [one.last] if until_ms > start_ms else []


def next_change(history: History, window_ms: int, now_ms: int, step_ms: int) -> int | None:
    """When the window will next lose a value; None if it sees only one."""
    low, high = span(history, window_ms, now_ms, step_ms)
    if low == high:
        return None
    ends = [until for _, until in _pieces(history, now_ms)][:-1]
    merged = (one for one in history.recommendations if one.low != one.high)
    edges = [*ends, *(one.at_ms + step_ms for one in merged)]
    return min((edge + window_ms for edge in edges if edge + window_ms > now_ms), default=None)


def ordered(history: History, change: int, longest_ms: int, now_ms: int) -> History:
    """Note that the serving replicas were changed."""
    events = tuple(one for one in history.events if one.at_ms > now_ms - longest_ms)[-_MAX_EVENTS + 1 :]
    return replace(history, events=(*events, ScaleEvent(at_ms=now_ms, change=change)), last_scale_ms=now_ms)


def encode(history: History) -> str:
    """Write what the next process needs. `last` stays in memory."""
    return json.dumps(
        {
            "v": _SCHEMA,
            "r": [[one.at_ms, one.low, one.high, one.last] for one in history.recommendations],
            "e": [[one.at_ms, one.change] for one in history.events],
            "f": history.failing_since_ms,
            "i": history.idle_since_ms,
            "s": history.last_scale_ms,
        },
        separators=(",", ":"),
    )


def decode(text: str | None) -> History:
    """Read it again; an unreadable history counts as lost."""
    try:
        raw = json.loads(text or "")
        return _decode(raw) if raw["v"] == _SCHEMA else History()
    except (ValueError, TypeError, KeyError):
        return History()


def _decode(raw: dict[str, Any]) -> History:
    return History(
        recommendations=tuple(
            Recommendation(at_ms=int(at), low=int(low), high=int(high), last=int(last))
            for at, low, high, last in raw["r"]
        ),
        events=tuple(ScaleEvent(at_ms=int(at), change=int(change)) for at, change in raw["e"]),
        failing_since_ms=_time(raw["f"]),
        idle_since_ms=_time(raw["i"]),
        last_scale_ms=_time(raw["s"]),
    )


def _time(raw: Any) -> int | None:
    return None if raw is None else int(raw)
