"""Tells the story on the screen while it happens: each change once, the present state all the time."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from chess_bench.bots.fleet import Fleet
from chess_bench.console.screen import Screen, View
from chess_bench.demo.timeline import ScaleIn, Story

LOOK_S = 0.25
RATE_S = 1.0
MISHAPS_TOLD = 10  # all of them are in the figures


class Narrator:
    """Remembers what has been told."""

    def __init__(self, fleet: Fleet, story: Story, screen: Screen) -> None:
        self._fleet, self._story, self._screen = fleet, story, screen
        self._told_outs = self._told_drops = self._told_faults = 0
        self._told: set[tuple[str, str]] = set()
        self._rate, self._rated_at, self._moves = 0.0, 0.0, 0
        self.first_scale_out_s: float | None = None

    @asynccontextmanager
    async def telling(self) -> AsyncIterator[None]:
        """Tell while the block runs."""
        task = asyncio.create_task(self._tell())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            self._news()
            self._screen.freeze()

    async def _tell(self) -> None:
        while True:
            self._news()
            self._screen.show(self._view(asyncio.get_running_loop().time()))
            await asyncio.sleep(LOOK_S)

    def _news(self) -> None:
        for out in self._story.scale_outs[self._told_outs :]:
            reaction = "" if out.reaction_s is None else f", {out.reaction_s * 1000:.0f} ms after it was due"
            self._screen.say(f"scale-out {out.before} → {out.after}{reaction}", "green")
            if self.first_scale_out_s is None:
                self.first_scale_out_s = self._screen.elapsed
        self._told_outs = len(self._story.scale_outs)
        for uid, one in self._story.scale_ins.items():
            self._tell_scale_in(uid, one)
        self._tell_mishaps()

    def _tell_mishaps(self) -> None:
        ledger = self._fleet.ledger
        for drop in ledger.drops[self._told_drops : MISHAPS_TOLD]:
            self._screen.say(f"dropped   {drop.player}, {drop.where}, code {drop.code}", "red")
        for fault in ledger.faults[self._told_faults : MISHAPS_TOLD]:
            self._screen.say(f"lost      {fault.player}: {fault.kind}: {fault.detail}", "red")
        self._told_drops, self._told_faults = len(ledger.drops), len(ledger.faults)

    def _tell_scale_in(self, uid: str, one: ScaleIn) -> None:
        load = f"{one.connections_when_marked} connections, {one.games_when_marked} games"
        self._once(uid, "marked", f"draining  {one.pod}: {load}")
        if one.taken_back:
            self._once(uid, "taken back", f"keeping   {one.pod}: its drain was taken back")
        if one.deleted_at is not None:
            took = f"{one.deleted_at - one.marked_at:.1f} s"
            self._once(
                uid,
                "deleted",
                f"scale-in  {one.pod}: {one.connections_when_deleted} connections left, {took}",
            )

    def _once(self, uid: str, what: str, text: str) -> None:
        if (uid, what) not in self._told:
            self._told.add((uid, what))
            self._screen.say(text, "yellow")

    def _view(self, now: float) -> View:
        counts, story = self._fleet.counts, self._story
        if now - self._rated_at >= RATE_S:
            self._rate = (counts.moves - self._moves) / (now - self._rated_at) if self._rated_at else 0.0
            self._rated_at, self._moves = now, counts.moves
        return View(
            counts=counts,
            census=story.census,
            wanted=story.status.get("desiredReplicas", 0),
            replicas=story.replicas,
            ready=story.ready,
            draining=story.draining,
            reaction_s=story.scale_outs[-1].reaction_s if story.scale_outs else None,
            moves_per_s=self._rate,
            scale_outs=len(story.scale_outs),
            scale_ins=sum(1 for one in story.scale_ins.values() if one.deleted_at is not None),
        )
