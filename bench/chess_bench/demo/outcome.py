"""The result of a demo: the figures for `out/demo.json`, and the table. Pure; `promises` says whether it failed."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from chess_bench.bots.games import LeftOut
from chess_bench.bots.ledger import Report, percentile
from chess_bench.demo.promises import Promises
from chess_bench.demo.timeline import ScaleIn, Timeline
from chess_bench.demo.view import known
from chess_bench.settings import Settings
from chess_bench.verification.comparison import Wrong

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
    left_out: Sequence[LeftOut]
    """Games of the PGN file that nobody played."""
    began_at: float
    """On the timeline's clock."""
    stages: Mapping[str, float]
    first_scale_out_seconds: float | None

    @property
    def promises(self) -> Promises:
        """What was promised of it."""
        return Promises(
            settings=self.settings,
            report=self.report,
            timeline=self.timeline,
            wrong=self.wrong,
            unverified=self.unverified,
        )

    @property
    def verified(self) -> int:
        """Games that the database holds as they were played."""
        wrong = {one.game_id for one in self.wrong}
        return 0 if self.unverified else sum(one.game_id not in wrong for one in self.report.finished)

    def failures(self) -> list[str]:
        """Return every reason why the demo failed, one line each."""
        return self.promises.broken()

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
            "never_admitted": len(self.report.never_admitted),
            "never_played": len(self.report.never_played),
            "wrong_positions": len(self.wrong),
            "verified_games": self.verified,
            "handovers": counts.handovers,
            "refused_handshakes": counts.refused,
            "nacks": self.report.nack_codes,
            "scale_outs": len(timeline.scale_outs),
            "scale_ins": len(self.promises.finished_scale_ins),
            **self._reaction_figures(),
            "first_scale_out_seconds": _rounded(self.first_scale_out_seconds),
            "acks": self.report.acks.count,
            "ack_p50_seconds": _rounded(self.report.acks.p50_seconds),
            "ack_p99_seconds": _rounded(self.report.acks.p99_seconds),
            "acks_by_phase": {
                phase: _spread(asdict(spread)) for phase, spread in self.report.acks_by_phase.items()
            },
            "target_connections_per_replica": self.settings.target,
            "replicas": [self._timed(asdict(point)) for point in timeline.curve],
            "scale_out": [self._timed(asdict(out)) for out in timeline.scale_outs],
            "scale_in": [self._timed(asdict(one)) for one in timeline.scale_ins.values()],
            "pod_restarts": {pod: count for pod, count in timeline.restarts.items() if count},
            "operator_restarts": {
                pod.name: pod.restarts for pod in timeline.operators.values() if pod.restarts
            },
            "drops": [self._timed(asdict(drop)) for drop in self.report.drops[:DETAILS]],
            "faults": [self._timed(asdict(fault)) for fault in self.report.faults[:DETAILS]],
            "stranded": list(self.report.stranded[:DETAILS]),
            "wrong": [asdict(wrong) for wrong in self.wrong[:DETAILS]],
            "left_out": [str(one) for one in self.left_out[:DETAILS]],
            "stages_seconds": {name: round(seconds, 2) for name, seconds in self.stages.items()},
        }

    def rows(self) -> list[tuple[str, str]]:
        """Return the rows of the summary table."""
        counts, timeline = self.report.counts, self.timeline
        gone = self.promises.finished_scale_ins
        ins = ", ".join(_busy(one) for one in gone) or "none"
        outs = ", ".join(f"{out.before}→{out.after}" for out in timeline.scale_outs) or "none"
        return [
            ("players", f"{counts.players}"),
            ("games", f"{counts.games} finished, {self.verified} verified, {len(self.wrong)} wrong"),
            *self._ack_rows(),
            ("handovers", f"{counts.handovers}"),
            ("dropped / resumed / lost", f"{counts.dropped} / {counts.resumed} / {counts.lost}"),
            ("scale-outs", f"{len(timeline.scale_outs)}: {outs}"),
            ("reaction", self._reaction_row()),
            ("scale-ins", f"{len(gone)}: {ins}"),
            ("stages", ", ".join(f"{name} {seconds:.1f} s" for name, seconds in self.stages.items())),
        ]

    def _ack_rows(self) -> list[tuple[str, str]]:
        spreads = {"acknowledged moves": self.report.acks}
        spreads |= {f"  while {phase}": spread for phase, spread in self.report.acks_by_phase.items()}
        return [
            (name, f"{one.count}: {_ms(one.p50_seconds)} p50, {_ms(one.p99_seconds)} p99")
            for name, one in spreads.items()
        ]

    def _reaction_figures(self) -> dict[str, Any]:
        steps = self.timeline.steps
        return {
            "reactions": len(steps.reactions),
            "reactions_missing": len(steps.missing),
            "reaction_p50_seconds": _rounded(percentile(steps.reactions, 0.50)),
            "reaction_p95_seconds": _rounded(percentile(steps.reactions, 0.95)),
            "reaction_longest_seconds": _rounded(max(steps.reactions, default=None)),
            "steps": [self._timed(asdict(step)) for step in steps.taken],
        }

    def _reaction_row(self) -> str:
        steps = self.timeline.steps
        p50, p95 = percentile(steps.reactions, 0.50), percentile(steps.reactions, 0.95)
        longest = max(steps.reactions, default=None)
        return (
            f"{len(steps.reactions)} replicas: {_ms(p50)} p50, {_ms(p95)} p95, {_ms(longest)} at most; "
            f"{len(steps.missing)} never came"
        )

    def _timed(self, item: dict[str, Any]) -> dict[str, Any]:
        """Return the item with its times as seconds since play began."""
        return {
            key: round(value - self.began_at, 3)
            if key.endswith("at") and value is not None
            else _rounded(value)
            for key, value in item.items()
        }


def _busy(one: ScaleIn) -> str:
    held = f"{known(one.connections_when_marked)} connections, {known(one.games_when_marked)} games"
    return f"{held} → {known(one.connections_when_deleted)}"


def _spread(figures: dict[str, Any]) -> dict[str, Any]:
    return {name: _rounded(value) for name, value in figures.items()}


def _rounded(value: Any) -> Any:
    return round(value, 4) if isinstance(value, float) else value


def _ms(seconds: float | None) -> str:
    return "-" if seconds is None else f"{seconds * 1000:.0f} ms"
