"""What of a decision is worth a Kubernetes event: replicas out and in, drains, fallback, what waits, what is wrong."""

from dataclasses import dataclass

from chess_operator.decide.values import Condition, Decision, Observed, Pod
from chess_operator.kube.client import Manifest
from chess_operator.report.conditions import Problem
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
    """Compares each decision with the one before, for one ChessCluster."""

    def __init__(self, recorder: EventRecorder) -> None:
        self._recorder = recorder
        self._desired: int | None = None
        self._underway: dict[str, DrainInProgress] = {}
        self._held: dict[str, bool] = {}

    def decided(
        self, cluster: Manifest, observed: Observed, census: Census, decision: Decision, now_ms: int
    ) -> None:
        """Tell what this decision changes."""
        self._scaled(cluster, decision)
        self._began(cluster, observed, decision, now_ms)
        self._ended(cluster, observed, census, now_ms)
        verdicts = decision.conditions
        self._turned(cluster, "Fallback", verdicts.fallback, "Warning")
        self._turned(cluster, "RolloutPending", verdicts.rollout_pending, "Normal")
        self._turned(cluster, "Paused", verdicts.paused, "Normal")

    def problem(self, cluster: Manifest, problem: Problem) -> None:
        """Tell what is wrong."""
        self._recorder.record(cluster, problem.reason, problem.message, kind="Warning")

    def _scaled(self, cluster: Manifest, decision: Decision) -> None:
        before = self._desired
        if before is None:
            before = (cluster.get("status") or {}).get("desiredReplicas")
        self._desired = decision.desired
        if before is None:
            self._recorder.record(cluster, "Created", decision.message, action="Scale")
        if before is None or before == decision.desired:
            return
        reason = "ScaledOut" if decision.desired > before else "ScaledIn"
        self._recorder.record(
            cluster, reason, f"{before} to {decision.desired} replicas: {decision.message}", action="Scale"
        )

    def _began(self, cluster: Manifest, observed: Observed, decision: Decision, now_ms: int) -> None:
        names = {pod.uid: pod.name for pod in observed.pods}
        for drain in decision.drains:
            seconds = max(0, drain.deadline_ms - now_ms) // 1000
            note = f"pod {names.get(drain.uid)} hands over {drain.connections} connections, deadline in {seconds} s"
            self._recorder.record(cluster, "DrainBegan", note, action="Drain")
        for undrain in decision.undrains:
            self._underway.pop(undrain.uid, None)
            note = f"pod {names.get(undrain.uid)} serves again, with {undrain.connections} connections"
            self._recorder.record(cluster, "DrainTakenBack", note, action="Drain")

    def _ended(self, cluster: Manifest, observed: Observed, census: Census, now_ms: int) -> None:
        here = {pod.uid: pod for pod in observed.pods if pod.draining}
        for uid, drain in self._underway.items():
            if uid not in here:
                self._over(cluster, drain, now_ms)
        self._underway = {uid: _underway(pod, census, self._underway.get(uid)) for uid, pod in here.items()}

    def _over(self, cluster: Manifest, drain: DrainInProgress, now_ms: int) -> None:
        if drain.empty or not drain.connections:
            self._recorder.record(
                cluster, "DrainDone", f"pod {drain.name} was empty and is gone", action="Drain"
            )
        elif now_ms >= drain.deadline_ms:
            note = f"pod {drain.name} went at its deadline with {drain.connections} connections"
            self._recorder.record(cluster, "DrainDeadline", note, kind="Warning", action="Drain")
        else:
            note = f"pod {drain.name} went before its drain was over, with {drain.connections} connections"
            self._recorder.record(cluster, "DrainCut", note, kind="Warning", action="Drain")

    def _turned(self, cluster: Manifest, name: str, verdict: Condition, kind: str) -> None:
        before = self._held.get(name, False)
        self._held[name] = verdict.status
        if verdict.status and not before:
            self._recorder.record(
                cluster, verdict.reason, verdict.message, kind="Warning" if kind == "Warning" else "Normal"
            )
        elif before and not verdict.status:
            self._recorder.record(cluster, f"{name}Over", verdict.message)


def _underway(pod: Pod, census: Census, before: DrainInProgress | None) -> DrainInProgress:
    return DrainInProgress(
        name=pod.name,
        deadline_ms=pod.drain_deadline_ms or 0,
        connections=census.connections.get(pod.uid, before.connections if before else 0),
        empty=census.empty(pod.uid) or bool(before and before.empty and pod.uid not in census.connections),
    )
