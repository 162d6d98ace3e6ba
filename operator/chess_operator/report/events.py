"""Which events a decision is worth: replicas out and in, drains, fallback, what waits, what is wrong."""

from dataclasses import dataclass
from typing import Literal

from chess_operator.api.resources.kinds import Manifest
from chess_operator.decide.values import Condition, Pod
from chess_operator.report.conditions import Problem
from chess_operator.report.context import Context
from chess_operator.report.event_recorder import EventRecorder
from chess_presence.census import Census


@dataclass(frozen=True, slots=True, kw_only=True)
class DrainInProgress:
    """A drain that has begun, as last seen."""

    name: str
    deadline_ms: int
    connections: int
    empty: bool


class DecisionEvents:
    """Compares each decision with the one before it, for one ChessCluster."""

    def __init__(self, recorder: EventRecorder) -> None:
        self._recorder = recorder
        self._desired: int | None = None
        self._drains: dict[str, DrainInProgress] = {}
        self._true: dict[str, bool] = {}

    def decided(self, context: Context) -> None:
        """Record what a decision changes."""
        self._scaled(context)
        self._began(context)
        self._ended(context)
        given = context.decision.conditions
        self._condition(context.cluster, "Fallback", given.fallback, "Warning")
        self._condition(context.cluster, "RolloutPending", given.rollout_pending, "Normal")
        self._condition(context.cluster, "Paused", given.paused, "Normal")

    def problem(self, cluster: Manifest, problem: Problem) -> None:
        """Record what is wrong."""
        self._recorder.record(cluster, problem.reason, problem.message, kind="Warning")

    def stood_back(self, cluster: Manifest, note: str) -> None:
        """Record that another operator looks after the ChessCluster."""
        self._recorder.record(cluster, "ManagedElsewhere", note)

    def _scaled(self, context: Context) -> None:
        cluster, decision, before = context.cluster, context.decision, self._desired
        if before is None:
            before = (cluster.get("status") or {}).get("desiredReplicas")
        self._desired = decision.desired
        if before is None:
            self._recorder.record(cluster, "Created", decision.message, action="Scale")
        if before is None or before == decision.desired:
            return
        reason = "ScaledOut" if decision.desired > before else "ScaledIn"
        note = f"{before} to {decision.desired} replicas: {decision.message}"
        self._recorder.record(cluster, reason, note, action="Scale")

    def _began(self, context: Context) -> None:
        names = {pod.uid: pod.name for pod in context.observed.pods}
        for drain in context.decision.drains:
            seconds = max(0, drain.deadline_ms - context.now_ms) // 1000
            note = f"pod {names.get(drain.uid)} hands over {drain.connections} connections, deadline in {seconds} s"
            self._recorder.record(context.cluster, "DrainBegan", note, action="Drain")
        for undrain in context.decision.undrains:
            self._drains.pop(undrain.uid, None)
            note = f"pod {names.get(undrain.uid)} serves again, with {undrain.connections} connections"
            self._recorder.record(context.cluster, "DrainTakenBack", note, action="Drain")

    def _ended(self, context: Context) -> None:
        draining = {pod.uid: pod for pod in context.observed.pods if pod.draining}
        for uid, drain in self._drains.items():
            if uid not in draining:
                self._gone(context.cluster, drain, context.now_ms)
        self._drains = {
            uid: _in_progress(pod, context.census, self._drains.get(uid)) for uid, pod in draining.items()
        }

    def _gone(self, cluster: Manifest, drain: DrainInProgress, now_ms: int) -> None:
        if drain.empty or not drain.connections:
            self._recorder.record(
                cluster, "DrainDone", f"pod {drain.name} ended with no connections", action="Drain"
            )
        elif now_ms >= drain.deadline_ms:
            note = f"pod {drain.name} ended at its deadline with {drain.connections} connections"
            self._recorder.record(cluster, "DrainDeadline", note, kind="Warning", action="Drain")
        else:
            note = (
                f"pod {drain.name} ended before its drain was complete, with {drain.connections} connections"
            )
            self._recorder.record(cluster, "DrainCut", note, kind="Warning", action="Drain")

    def _condition(
        self, cluster: Manifest, name: str, condition: Condition, kind: Literal["Normal", "Warning"]
    ) -> None:
        before = self._true.get(name, False)
        self._true[name] = condition.status
        if condition.status and not before:
            self._recorder.record(cluster, condition.reason, condition.message, kind=kind)
        elif before and not condition.status:
            self._recorder.record(cluster, f"{name}Over", condition.message)


def _in_progress(pod: Pod, census: Census, before: DrainInProgress | None) -> DrainInProgress:
    return DrainInProgress(
        name=pod.name,
        deadline_ms=pod.drain_deadline_ms or 0,
        connections=census.connections.get(pod.uid, before.connections if before else 0),
        empty=census.empty(pod.uid) or bool(before and before.empty and pod.uid not in census.connections),
    )
