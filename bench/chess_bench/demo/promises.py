"""What a demo promises, and how a run broke it: one line for each broken promise, with figures. Pure.

What is not known breaks the promise that needs it: unknown is not 0.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from chess_bench.bots.ledger import Report
from chess_bench.demo.steps import Phase, Step
from chess_bench.demo.timeline import ScaleIn, Timeline
from chess_bench.settings import MIN_REPLICAS, Settings
from chess_bench.verification.comparison import Wrong
from chess_bench.verification.promises import PlayerPromises

SCALE_OUTS_REQUIRED = 3
BUSY_SCALE_INS_REQUIRED = 2
BUSY_GAMES = 20
BUSY_FROM_PLAYERS = 300  # fewer players cannot fill the pods that much
LATE_SECONDS = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Promises:
    """One run, and what was promised of it."""

    settings: Settings
    report: Report
    timeline: Timeline
    wrong: Sequence[Wrong]
    unverified: str | None
    """Why the games could not be compared."""

    def broken(self) -> list[str]:
        """Return every broken promise."""
        return [*self.of_players.broken(), *self._replicas(), *self._pods()]

    @property
    def of_players(self) -> PlayerPromises:
        """What every run promises."""
        return PlayerPromises(
            players=self.settings.players,
            report=self.report,
            wrong=self.wrong,
            unverified=self.unverified,
        )

    @property
    def finished_scale_ins(self) -> list[ScaleIn]:
        """Scale-ins whose pod was deleted."""
        ended = (one for one in self.timeline.scale_ins.values() if one.deleted_at is not None)
        return [one for one in ended if not one.undrained]

    def _replicas(self) -> list[str]:
        timeline, broken = self.timeline, list[str]()
        if not timeline.curve:
            return ["the replicas are unknown: no watch has reported a Deployment"]
        if len(timeline.scale_outs) < SCALE_OUTS_REQUIRED:
            broken.append(
                f"{len(timeline.scale_outs)} scale-outs; at least {SCALE_OUTS_REQUIRED} are required"
            )
        peak, wanted = max(point.ready for point in timeline.curve), self.settings.peak_wanted
        if peak < wanted:
            broken.append(f"at most {peak} replicas were ready; all players together need {wanted}")
        if timeline.replicas != MIN_REPLICAS:
            broken.append(f"{timeline.replicas} replicas at the end; minReplicas is {MIN_REPLICAS}")
        return [*broken, *self._reactions()]

    def _reactions(self) -> list[str]:
        """Judge the steps up to the peak: while pods drain, handovers hold two connections for a moment."""
        due = [step for step in self.timeline.steps.taken if step.phase is not Phase.LEAVING]
        missing = [step for step in due if step.came_at is None]
        late = [step for step in due if (step.reaction_seconds or 0.0) > LATE_SECONDS]
        broken = list[str]()
        if missing:
            broken.append(
                f"{len(missing)} of {len(due)} replicas that were due never came: {_listed(missing)}"
            )
        if late:
            longest = max(step.reaction_seconds or 0.0 for step in late)
            broken.append(
                f"{len(late)} of {len(due)} replicas came late: {_listed(late)}, up to {longest:.1f} s after they "
                f"were due; at most {LATE_SECONDS:.0f} s are allowed"
            )
        return broken

    def _pods(self) -> list[str]:
        timeline, gone = self.timeline, self.finished_scale_ins
        broken = [*self._heartbeats()]
        busy = [one for one in gone if (one.games_when_marked or 0) >= BUSY_GAMES]
        if self.settings.players >= BUSY_FROM_PLAYERS and len(busy) < BUSY_SCALE_INS_REQUIRED:
            required = f"at least {BUSY_SCALE_INS_REQUIRED} must"
            broken.append(f"{len(busy)} scale-ins chose a pod with {BUSY_GAMES} games or more; {required}")
        for one in gone:
            if one.connections_when_deleted is None:
                broken.append(f"{one.pod} was deleted, and with how many connections is unknown")
            elif one.connections_when_deleted:
                broken.append(f"{one.pod} was deleted with {one.connections_when_deleted} connections")
        broken += [f"{pod} was deleted without a drain" for pod in timeline.unmarked_deletions]
        broken += [f"{pod} restarted {count} times" for pod, count in timeline.restarts.items() if count]
        return [*broken, *self._operator()]

    def _operator(self) -> list[str]:
        pods = self.timeline.operators.values()
        if not pods:
            return ["the operator's restarts are unknown: no watch has reported its pod"]
        return [f"the operator's {pod.name} restarted {pod.restarts} times" for pod in pods if pod.restarts]

    def _heartbeats(self) -> list[str]:
        if not self.timeline.heartbeats:
            return ["no pod's connections are known: no heartbeat was read"]
        return [f"{pod} was ready, and no heartbeat of it was read" for pod in self.timeline.silent]


def _listed(steps: Sequence[Step]) -> str:
    return ", ".join(f"the {step.number}th" for step in steps)
