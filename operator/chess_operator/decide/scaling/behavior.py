"""HPA's `behavior`, ported from Kubernetes 1.36 (podautoscaler/horizontal.go): stabilisation, then rates.

Two differences: there is no fixed sync period, so recommendations are a step function (see history); and only serving
replicas count, so a pod that drains is already scaled in.
"""

from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal

from chess_operator.api.model.scaling import Behavior, Policy, ScalingRules
from chess_operator.decide.scaling import history as memory
from chess_operator.decide.values import History

_UP_POLICIES = (
    Policy(type="Pods", value=4, period_seconds=15),
    Policy(type="Percent", value=100, period_seconds=15),
)
_DOWN_POLICIES = (Policy(type="Percent", value=100, period_seconds=15),)
_UP_WINDOW_SECONDS, _DOWN_WINDOW_SECONDS = 0, 300
_SECOND_MS = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class ScalingStep:
    """What is allowed now, and what limits the rest."""

    replicas: int
    stabilized: int
    """After stabilisation, before rates."""
    limited_by: str | None = None
    """HPA's reason: ScaleUpLimit or ScaleDownLimit."""
    again_ms: int | None = None
    """When more may be allowed."""


def up_window_ms(behavior: Behavior) -> int:
    """Stabilisation window for adding replicas."""
    return _given(behavior.scale_up.stabilization_window_seconds, _UP_WINDOW_SECONDS) * _SECOND_MS


def down_window_ms(behavior: Behavior) -> int:
    """Stabilisation window for removing replicas."""
    return _given(behavior.scale_down.stabilization_window_seconds, _DOWN_WINDOW_SECONDS) * _SECOND_MS


def longest_window_ms(behavior: Behavior) -> int:
    """How far recommendations are remembered."""
    return max(up_window_ms(behavior), down_window_ms(behavior))


def longest_period_ms(behavior: Behavior) -> int:
    """How far scale events are remembered."""
    policies = (*_policies(behavior.scale_up, _UP_POLICIES), *_policies(behavior.scale_down, _DOWN_POLICIES))
    return max(policy.period_seconds for policy in policies) * _SECOND_MS


def step(behavior: Behavior, past: History, current: int, now_ms: int) -> ScalingStep:
    """Go from the current replicas towards the latest recommendation as far as the behavior allows now."""
    resolution = memory.resolution(longest_window_ms(behavior))
    up_ms, down_ms = up_window_ms(behavior), down_window_ms(behavior)
    lowest, _ = memory.span(past, up_ms, now_ms, resolution)
    _, highest = memory.span(past, down_ms, now_ms, resolution)
    stabilized = min(max(current, lowest), highest)
    allowed, reason = _rated(behavior, past, current, stabilized, now_ms)
    wakes = (
        memory.next_change(past, up_ms, now_ms, resolution),
        memory.next_change(past, down_ms, now_ms, resolution),
        _period_end(_holding_back(behavior, reason), past, now_ms),
    )
    again = min((wake for wake in wakes if wake is not None), default=None)
    return ScalingStep(replicas=allowed, stabilized=stabilized, limited_by=reason, again_ms=again)


def _rated(
    behavior: Behavior, past: History, current: int, desired: int, now_ms: int
) -> tuple[int, str | None]:
    if desired > current:
        limit = max(current, _up_limit(behavior.scale_up, past, current, now_ms))
        return (limit, "ScaleUpLimit") if desired > limit else (desired, None)
    if desired < current:
        limit = min(current, _down_limit(behavior.scale_down, past, current, now_ms))
        return (limit, "ScaleDownLimit") if desired < limit else (desired, None)
    return desired, None


def _up_limit(rules: ScalingRules, past: History, current: int, now_ms: int) -> int:
    if rules.select_policy == "Disabled":
        return current
    proposals = [
        _more(_at_period_start(policy, past, current, now_ms), policy)
        for policy in _policies(rules, _UP_POLICIES)
    ]
    return min(proposals) if rules.select_policy == "Min" else max(proposals)


def _down_limit(rules: ScalingRules, past: History, current: int, now_ms: int) -> int:
    if rules.select_policy == "Disabled":
        return current
    proposals = [
        _less(_at_period_start(policy, past, current, now_ms), policy)
        for policy in _policies(rules, _DOWN_POLICIES)
    ]
    return max(proposals) if rules.select_policy == "Min" else min(proposals)


def _more(start: int, policy: Policy) -> int:
    """Round up: a small percentage of few replicas would never add one."""
    if policy.type == "Pods":
        return start + policy.value
    grown = Decimal(start) * (100 + policy.value) / 100
    return int(grown.to_integral_value(rounding=ROUND_CEILING))


def _less(start: int, policy: Policy) -> int:
    """Round towards zero, as HPA does."""
    if policy.type == "Pods":
        return start - policy.value
    return int(Decimal(start) * (100 - policy.value) / 100)


def _at_period_start(policy: Policy, past: History, current: int, now_ms: int) -> int:
    cutoff = now_ms - policy.period_seconds * _SECOND_MS
    return current - sum(event.change for event in past.events if event.at_ms > cutoff)


def _holding_back(behavior: Behavior, reason: str | None) -> tuple[Policy, ...]:
    if reason == "ScaleUpLimit":
        return _policies(behavior.scale_up, _UP_POLICIES)
    return _policies(behavior.scale_down, _DOWN_POLICIES) if reason else ()


def _period_end(policies: tuple[Policy, ...], past: History, now_ms: int) -> int | None:
    """When the first event leaves the period of some policy."""
    ends = (event.at_ms + policy.period_seconds * _SECOND_MS for event in past.events for policy in policies)
    return min((end for end in ends if end > now_ms), default=None)


def _policies(rules: ScalingRules, default: tuple[Policy, ...]) -> tuple[Policy, ...]:
    return default if rules.policies is None else rules.policies


def _given(value: int | None, default: int) -> int:
    return default if value is None else value
