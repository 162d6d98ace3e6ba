"""The result of a demo: the figures for `out/demo.json`, the table, and every reason why it failed. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from chess_bench.bots.ledger import Report, percentile
from chess_bench.demo.timeline import ScaleIn, Timeline
from chess_bench.settings import MIN_REPLICAS, Settings
from chess_bench.verification.comparison import Wrong

SCALE_OUTS_REQUIRED = 3
BUSY_SCALE_INS_REQUIRED = 2
BUSY_GAMES = 20
BUSY_FROM_PLAYERS = 300  # fewer players cannot fill the pods that much
DETAILS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The result of one demo."""

    settings: Settings
    report: Report
    timeline: Timeline
    wrong: Sequence[Wrong]
    unverified: str | None
    """Why the games could not be compared."""
    began_at: float
    """On the timeline's clock."""
    stages: Mapping[str, float]
    first_scale_out_seconds: float | None
    peak_wanted: int

    @property
    def verified(self) -> int:
        """Games that the database holds as they were played."""
        return 0 if self.unverified else len(self.report.finished) - len(self.wrong)

    @property
    def reactions(self) -> list[float]:
        """Seconds from the handshake that made another replica necessary to the watch event with more replicas."""
        return [out.reaction_seconds for out in self.timeline.scale_outs if out.reaction_seconds is not None]

    @property
    def finished_scale_ins(self) -> list[ScaleIn]:
        """Scale-ins whose pod was deleted."""
        return [
            one
            for one in self.timeline.scale_ins.values()
            if one.deleted_at is not None and not one.undrained
        ]

    def failures(self) -> list[str]:
        """Return every reason why the demo failed, one line each."""
        return [*self._player_failures(), *self._replica_failures()]

    def figures(self) -> dict[str, Any]:
        """Return everything for `out/demo.json`."""
        counts, timeline = self.report.counts, self.timeline
        return {
            "ok": not self.failures(),
            "failures": self.failures(),
            "players": counts.players,
            "games": counts.games,
            "moves": counts.moves,
            "dropped": counts.dropped,
            "resumed": counts.resumed,
            "lost": counts.lost,
            "wrong_positions": len(self.wrong),
            "verified_games": self.verified,
            "handovers": counts.handovers,
            "refused_handshakes": counts.refused,
            "nacks": self.report.nack_codes,
            "scale_outs": len(timeline.scale_outs),
            "scale_ins": len(self.finished_scale_ins),
            "reaction_p50_seconds": _rounded(percentile(self.reactions, 0.50)),
            "reaction_p95_seconds": _rounded(percentile(self.reactions, 0.95)),
            "first_scale_out_seconds": _rounded(self.first_scale_out_seconds),
            "ack_p50_seconds": _rounded(self.report.ack_p50_seconds),
            "ack_p99_seconds": _rounded(self.report.ack_p99_seconds),
            "target_connections_per_replica": self.settings.target,
            "replicas": [self._timed(asdict(point)) for point in timeline.curve],
            "scale_out": [self._timed(asdict(out)) for out in timeline.scale_outs],
            "scale_in": [self._timed(asdict(one)) for one in timeline.scale_ins.values()],
            "pod_restarts": {pod: count for pod, count in timeline.restarts.items() if count},
            "drops": [self._timed(asdict(drop)) for drop in self.report.drops[:DETAILS]],
            "faults": [self._timed(asdict(fault)) for fault in self.report.faults[:DETAILS]],
            "stranded": list(self.report.stranded[:DETAILS]),
            "wrong": [asdict(wrong) for wrong in self.wrong[:DETAILS]],
            "stages_seconds": {name: round(seconds, 2) for name, seconds in self.stages.items()},
        }

    def rows(self) -> list[tuple[str, str]]:
        """Return the rows of the summary table."""
        counts, timeline = self.report.counts, self.timeline
        ins = ", ".join(_busy(one) for one in self.finished_scale_ins) or "none"
        acks = f"{_ms(self.report.ack_p50_seconds)} p50, {_ms(self.report.ack_p99_seconds)} p99"
        outs = ", ".join(f"{out.before}→{out.after}" for out in timeline.scale_outs) or "none"
        return [
            ("players", f"{counts.players}"),
            ("games", f"{counts.games} finished, {self.verified} verified, {len(self.wrong)} wrong"),
            ("moves", f"{counts.moves} acknowledged; {acks}"),
            ("handovers", f"{counts.handovers}"),
            ("dropped / resumed / lost", f"{counts.dropped} / {counts.resumed} / {counts.lost}"),
            ("scale-outs", f"{len(timeline.scale_outs)}: {outs}"),
            (
                "reaction",
                f"{_ms(percentile(self.reactions, 0.5))} p50, {_ms(percentile(self.reactions, 0.95))} p95",
            ),
            ("scale-ins", f"{len(self.finished_scale_ins)}: {ins}"),
            ("stages", ", ".join(f"{name} {seconds:.1f} s" for name, seconds in self.stages.items())),
        ]

    def _player_failures(self) -> list[str]:
        report, failures = self.report, list[str]()
        if report.drops:
            first = report.drops[0]
            failures.append(
                f"{len(report.drops)} connections dropped; first: {first.player}, {first.where}, {first.code}"
            )
        if report.lost_players:
            reasons = [f"{fault.kind}: {fault.detail}" for fault in report.faults[:1]] or list(
                report.stranded[:1]
            )
            failures.append(
                f"{len(report.lost_players)} players lost; first: {report.lost_players[0]}: {reasons[0]}"
            )
        if self.wrong:
            failures.append(
                f"{len(self.wrong)} wrong games; first: {self.wrong[0].game_id}: {self.wrong[0].reason}"
            )
        if self.unverified:
            failures.append(f"the games could not be verified: {self.unverified}")
        if not report.finished:
            failures.append("no game was finished")
        return failures

    def _replica_failures(self) -> list[str]:
        timeline, failures = self.timeline, list[str]()
        if len(timeline.scale_outs) < SCALE_OUTS_REQUIRED:
            failures.append(
                f"{len(timeline.scale_outs)} scale-outs; at least {SCALE_OUTS_REQUIRED} are required"
            )
        peak = max((point.ready for point in timeline.curve), default=0)
        if peak < self.peak_wanted:
            failures.append(
                f"at most {peak} replicas were ready; all players together need {self.peak_wanted}"
            )
        if timeline.replicas != MIN_REPLICAS:
            failures.append(f"{timeline.replicas} replicas at the end; minReplicas is {MIN_REPLICAS}")
        busy = [one for one in self.finished_scale_ins if one.games_when_marked >= BUSY_GAMES]
        if self.settings.players >= BUSY_FROM_PLAYERS and len(busy) < BUSY_SCALE_INS_REQUIRED:
            required = f"at least {BUSY_SCALE_INS_REQUIRED} must"
            failures.append(f"{len(busy)} scale-ins chose a pod with {BUSY_GAMES} games or more; {required}")
        failures += [
            f"{one.pod} was deleted with {one.connections_when_deleted} connections"
            for one in self.finished_scale_ins
            if one.connections_when_deleted
        ]
        failures += [f"{pod} was deleted without a drain" for pod in timeline.unmarked_deletions]
        return failures

    def _timed(self, item: dict[str, Any]) -> dict[str, Any]:
        """Return the item with its times as seconds since play began."""
        return {
            key: round(value - self.began_at, 3)
            if key.endswith("at") and value is not None
            else _rounded(value)
            for key, value in item.items()
        }


def _busy(one: ScaleIn) -> str:
    return f"{one.connections_when_marked} connections, {one.games_when_marked} games → {one.connections_when_deleted}"


def _rounded(value: Any) -> Any:
    return round(value, 4) if isinstance(value, float) else value


def _ms(seconds: float | None) -> str:
    return "-" if seconds is None else f"{seconds * 1000:.0f} ms"
