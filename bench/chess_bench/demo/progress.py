"""Shows the timeline on the screen while it happens: each change once, and the current figures."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from chess_bench.bots.fleet import Fleet
from chess_bench.console.screen import Screen
from chess_bench.demo.timeline import ScaleIn, Timeline
from chess_bench.demo.view import View, known

LOOK_SECONDS = 0.25
RATE_SECONDS = 1.0
FAILURES_SHOWN = 10  # of drops and of faults; the figures count all of them


class Progress:
    """Prints what is new since its last look."""

    def __init__(self, fleet: Fleet, timeline: Timeline, screen: Screen) -> None:
        self._fleet, self._timeline, self._screen = fleet, timeline, screen
        self._shown_outs = self._shown_drops = self._shown_faults = 0
        self._shown: set[tuple[str, str]] = set()
        self._rate, self._rated_at, self._moves = 0.0, 0.0, 0
        self.first_scale_out_seconds: float | None = None

    @asynccontextmanager
    async def showing(self) -> AsyncIterator[None]:
        """Show progress while the block runs."""
        task = asyncio.create_task(self._show())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            self._print_changes()
            self._screen.freeze()

    async def _show(self) -> None:
        while True:
            self._print_changes()
            self._screen.show(self._view(asyncio.get_running_loop().time()).pairs())
            await asyncio.sleep(LOOK_SECONDS)

    def _print_changes(self) -> None:
        for out in self._timeline.scale_outs[self._shown_outs :]:
            reaction = (
                ""
                if out.reaction_seconds is None
                else f", {out.reaction_seconds * 1000:.0f} ms after it was due"
            )
            self._screen.print(f"scale-out {out.before} → {out.after}{reaction}", "green")
            if self.first_scale_out_seconds is None:
                self.first_scale_out_seconds = self._screen.elapsed
        self._shown_outs = len(self._timeline.scale_outs)
        for uid, one in self._timeline.scale_ins.items():
            self._print_scale_in(uid, one)
        self._print_failures()

    def _print_failures(self) -> None:
        ledger = self._fleet.ledger
        for drop in ledger.drops[self._shown_drops : FAILURES_SHOWN]:
            self._screen.print(f"dropped   {drop.player}, {drop.where}, code {drop.code}", "red")
        for fault in ledger.faults[self._shown_faults : FAILURES_SHOWN]:
            self._screen.print(f"lost      {fault.player}: {fault.kind}: {fault.detail}", "red")
        self._shown_drops, self._shown_faults = len(ledger.drops), len(ledger.faults)

    def _print_scale_in(self, uid: str, one: ScaleIn) -> None:
        load = f"{known(one.connections_when_marked)} connections, {known(one.games_when_marked)} games"
        self._once(uid, "marked", f"draining  {one.pod}: {load}")
        if one.undrained:
            self._once(uid, "undrained", f"keeping   {one.pod}: its drain was cancelled")
        if one.deleted_at is not None:
            took = f"{one.deleted_at - one.marked_at:.1f} s"
            self._once(
                uid,
                "deleted",
                f"scale-in  {one.pod}: {known(one.connections_when_deleted)} connections left, {took}",
            )

    def _once(self, uid: str, what: str, text: str) -> None:
        if (uid, what) not in self._shown:
            self._shown.add((uid, what))
            self._screen.print(text, "yellow")

    def _view(self, now: float) -> View:
        counts, timeline = self._fleet.counts, self._timeline
        if now - self._rated_at >= RATE_SECONDS:
            self._rate = (counts.moves - self._moves) / (now - self._rated_at) if self._rated_at else 0.0
            self._rated_at, self._moves = now, counts.moves
        return View(
            counts=counts,
            census=timeline.census,
            wanted=timeline.status.get("desiredReplicas"),
            replicas=timeline.replicas,
            ready=timeline.ready,
            draining=timeline.draining,
            reaction_seconds=timeline.scale_outs[-1].reaction_seconds if timeline.scale_outs else None,
            moves_per_second=self._rate,
            scale_outs=len(timeline.scale_outs),
            scale_ins=sum(1 for one in timeline.scale_ins.values() if one.deleted_at is not None),
        )
