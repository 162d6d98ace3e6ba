"""The conditions that follow from a decision, each with its reason and its numbers. HPA's reasons where it has one."""

from collections.abc import Callable
from datetime import UTC, datetime

from chess_operator.api.model import ChessClusterSpec
from chess_operator.api.model.scaling import Scaling
from chess_operator.decide.case import Case
from chess_operator.decide.pods import PodChanges
from chess_operator.decide.replicas import Target
from chess_operator.decide.scaling.behavior import ScalingStep
from chess_operator.decide.scaling.schedules import Limits
from chess_operator.decide.values import Condition, Conditions, DeploymentPlan, Observed
from chess_presence.census import Census

_NAMES = 5


def conditions_of(case: Case, target: Target, changes: PodChanges, plan: DeploymentPlan | None) -> Conditions:
    """Make every condition that follows from a decision."""
    return Conditions(
        able_to_scale=_able(case, target),
        scaling_active=_active(case.spec, case.census),
        scaling_limited=_limited(target),
        fallback=_fallback(case.spec.scaling, target),
        draining=_draining(case.observed, changes),
        rollout_pending=_rollout(case, plan),
        paused=_paused(case.spec),
    )


def _paused(spec: ChessClusterSpec) -> Condition:
    if spec.paused:
        return Condition(
            status=True, reason="Paused", message="spec.paused is true: everything stays as it is"
        )
    return Condition(status=False, reason="NotPaused", message="spec.paused is false")


def _able(case: Case, target: Target) -> Condition:
    if case.spec.paused:
        return Condition(status=False, reason="Paused", message="spec.paused is true")
    if case.fleet.mixed:
        message = "the Deployment is rolling to a new template; nothing is scaled in until it has finished"
        return Condition(status=False, reason="TemplateRolling", message=message)
    if target.cooling:
        seconds = case.spec.scaling.cooldown_period_seconds
        message = f"the last replica stays until {seconds} s after the last connection"
        return Condition(status=True, reason="CoolingDown", message=message)
    return _stabilized(target)


def _stabilized(target: Target) -> Condition:
    step = target.step
    if step is None or not target.history.recommendations:
        return Condition(status=True, reason="ReadyForNewScale", message="nothing holds scaling back")
    latest = target.history.recommendations[-1].last
    if step.stabilized > latest:
        message = f"the load needs {latest} now, but needed {step.stabilized} within the stabilization window"
        return Condition(status=True, reason="ScaleDownStabilized", message=message)
    if step.stabilized < latest:
        message = (
            f"the load needs {latest} now, but only {step.stabilized} throughout the stabilization window"
        )
        return Condition(status=True, reason="ScaleUpStabilized", message=message)
    return Condition(status=True, reason="ReadyForNewScale", message="nothing holds scaling back")


def _active(spec: ChessClusterSpec, census: Census) -> Condition:
    if census.unreachable:
        return Condition(
            status=False, reason="RedisUnreachable", message="the connections cannot be read from Redis"
        )
    if census.missing:
        message = f"{len(census.missing)} running pods have no live record; nothing is scaled in"
        return Condition(status=False, reason="CensusIncomplete", message=message)
    if spec.scaling.mode == "External":
        message = "scaling.mode is External: spec.replicas applies, the limits and behavior of scaling do not"
        return Condition(status=False, reason="External", message=message)
    ignored = (
        ""
        if spec.replicas is None
        else f"; spec.replicas ({spec.replicas}) does not apply, scaling.mode is Connections"
    )
    return Condition(
        status=True, reason="CensusComplete", message=f"every running pod's connections are known{ignored}"
    )


def _limited(target: Target) -> Condition:
    limits, want = target.limits, target.wanted
    if limits is None:
        message = "limits do not apply with scaling.mode External"
        return Condition(status=False, reason="NotApplicable", message=message)
    if target.step is not None and _by_rate(target.step, limits):
        return _rated(target.step)
    if want is None:
        return Condition(status=False, reason="LoadUnknown", message="the connections are not known")
    where = f" (schedule {limits.schedule})" if limits.schedule else ""
    if want > limits.maximum:
        message = f"the load needs {want}, maxReplicas{where} is {limits.maximum}"
        return Condition(status=True, reason="TooManyReplicas", message=message)
    if want < limits.minimum:
        message = f"the load needs {want}, minReplicas{where} is {limits.minimum}"
        return Condition(status=True, reason="TooFewReplicas", message=message)
    message = f"the load needs {want}, between {limits.minimum} and {limits.maximum}{where}"
    return Condition(status=False, reason="DesiredWithinRange", message=message)


def _by_rate(step: ScalingStep, limits: Limits) -> bool:
    """Whether the rate limits more than minReplicas or maxReplicas does."""
    if step.limited_by == "ScaleUpLimit":
        return step.replicas < limits.maximum
    return step.limited_by == "ScaleDownLimit" and step.replicas > limits.minimum


def _rated(step: ScalingStep) -> Condition:
    direction = "scaleUp" if step.limited_by == "ScaleUpLimit" else "scaleDown"
    message = f"behavior.{direction} allows {step.replicas} for now, the load needs {step.stabilized}"
    return Condition(status=True, reason=step.limited_by or "", message=message)


def _fallback(scaling: Scaling, target: Target) -> Condition:
    if not target.fallback.applies:
        return Condition(
            status=False, reason="NotNeeded", message="the census is complete, or was a short time ago"
        )
    beats = scaling.fallback.failure_threshold
    message = f"no complete census for {beats} heartbeats or more; {target.replicas} replicas serve until there is one"
    return Condition(status=True, reason="NoCompleteCensus", message=message)


def _draining(observed: Observed, changes: PodChanges) -> Condition:
    ordered = {drain.uid: drain.deadline_ms for drain in changes.drains}
    back = {undrain.uid for undrain in changes.undrains}
    ends = {
        pod.name: ordered.get(pod.uid, pod.drain_deadline_ms or 0)
        for pod in observed.pods
        if pod.active and (pod.draining or pod.uid in ordered) and pod.uid not in back
    }
    if not ends:
        return Condition(status=False, reason="NoPodDrains", message="no pod drains")
    message = f"{_listed(sorted(ends), lambda name: f'{name} until {_clock(ends[name])}')}"
    if changes.waits_for:
        message += f"; waiting for {_listed(changes.waits_for, str)}, which the ReplicaSet would delete first"
    return Condition(status=True, reason="PodsDrain", message=message)


def _rollout(case: Case, plan: DeploymentPlan | None) -> Condition:
    workload, asked = case.fleet.workload, case.observed.revision
    rendered = plan is not None and plan.template == "render"
    if workload is None or workload.revision == asked or rendered:
        message = "the pods have the template that the spec asks for"
        return Condition(status=False, reason="UpToDate", message=message)
    message = (
        f"template {asked} waits: {workload.colour} has players, or may have, on {workload.revision}; "
        "it is applied once they have left"
    )
    return Condition(status=True, reason="LiveColour", message=message)


def _listed(names: list[str] | tuple[str, ...], show: Callable[[str], str]) -> str:
    rest = len(names) - _NAMES
    more = f" and {rest} more" if rest > 0 else ""
    return ", ".join(show(name) for name in names[:_NAMES]) + more


def _clock(moment_ms: int) -> str:
    return f"{datetime.fromtimestamp(moment_ms // 1000, UTC):%H:%M:%SZ}"
