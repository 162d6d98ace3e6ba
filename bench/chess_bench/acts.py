"""The play itself: players come in waves, play, and go in waves, while the operator follows.

Each wave waits until the cluster has followed, but never for long: a cluster that does not follow is a result, too.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from chess_bench.demo_settings import MIN_REPLICAS, Settings
from chess_bench.screen import Screen, View

if TYPE_CHECKING:
    from collections.abc import Callable

    from chess_bench.fleet import Fleet
    from chess_bench.ledger import Report
    from chess_bench.story import Story

WAVES = 4
JOIN_S = 6.0
FOLLOW_S = 25.0
LEAVE_S = 18.0  # from one wave of goodbyes to the next
PEAK_S = 8.0
LAST_GAMES_S = 200.0
BACK_S = 60.0
LOOK_S = 0.25


@dataclass(slots=True)
class Stage:
    """Everything that the acts need."""

    settings: Settings
    fleet: Fleet
    story: Story
    screen: Screen
    peak_wanted: int = 0
    first_scale_out_s: float | None = None


def shares(players: int, waves: int = WAVES) -> list[int]:
    """Split the players into waves of nearly one size, in pairs where possible."""
    even = players // waves // 2 * 2
    return [*[even] * (waves - 1), players - even * (waves - 1)]


async def fill(stage: Stage) -> None:
    """Let everybody come; each wave is followed before the next."""
    for number, share in enumerate(shares(stage.settings.players), 1):
        stage.screen.say(f"wave {number}: {share} more players come")
        await stage.fleet.join(share, over_s=JOIN_S)
        await _until(lambda: _followed(stage), FOLLOW_S)
    stage.peak_wanted = stage.settings.wanted(stage.settings.players)
    await _until(lambda: _at_peak(stage), FOLLOW_S)
    await asyncio.sleep(PEAK_S)


async def empty(stage: Stage) -> Report:
    """Let everybody end the present game and go, wave by wave, and wait for the way back to `minReplicas`."""
    for number, share in enumerate(shares(stage.settings.players)[1:], 1):
        stage.screen.say(f"goodbye {number}: {share} players play their last game")
        stage.fleet.leave(share)
        await asyncio.sleep(LEAVE_S)
    stage.screen.say("the rest play their last game")
    report = await stage.fleet.finish(LAST_GAMES_S)
    await _until(lambda: stage.story.replicas == MIN_REPLICAS and not stage.story.draining, BACK_S)
    return report


def _followed(stage: Stage) -> bool:
    wanted = stage.settings.wanted(stage.fleet.sockets.open)
    return stage.story.replicas >= wanted and stage.story.ready >= wanted


def _at_peak(stage: Stage) -> bool:
    return stage.story.ready >= stage.peak_wanted


async def _until(condition: Callable[[], bool], deadline_s: float) -> None:
    """Wait for a condition of a story that others write; not for ever."""
    deadline = asyncio.get_running_loop().time() + deadline_s
    while not condition() and asyncio.get_running_loop().time() < deadline:  # noqa: ASYNC110, many writers
        await asyncio.sleep(LOOK_S)


async def narrate(stage: Stage) -> None:
    """Show the present state and tell what has changed, until cancelled."""
    told_out, told_in, told_back = 0, set[str](), set[str]()
    story, screen = stage.story, stage.screen
    moves, at = 0, asyncio.get_running_loop().time()
    rate = 0.0
    while True:
        now, counts = asyncio.get_running_loop().time(), stage.fleet.counts
        if now - at >= 1.0:
            rate, moves, at = (counts.moves - moves) / (now - at), counts.moves, now
        for out in story.scale_outs[told_out:]:
            reaction = "" if out.reaction_s is None else f", {out.reaction_s * 1000:.0f} ms after it was due"
            screen.say(f"scale-out {out.before} → {out.after}{reaction}", "green")
            if stage.first_scale_out_s is None:
                stage.first_scale_out_s = screen.elapsed
        told_out = len(story.scale_outs)
        for uid, one in list(story.scale_ins.items()):
            if uid not in told_in:
                told_in.add(uid)
                load = f"{one.connections_when_marked} connections, {one.games_when_marked} games"
                screen.say(f"draining {one.pod}: {load}", "yellow")
            if one.deleted_at is not None and uid not in told_back:
                told_back.add(uid)
                took = f"{one.deleted_at - one.marked_at:.1f} s"
                screen.say(
                    f"scale-in  {one.pod}: {one.connections_when_deleted} connections left, {took}", "yellow"
                )
        screen.show(
            View(
                counts=counts,
                census=story.census,
                wanted=story.status.get("desiredReplicas", 0),
                replicas=story.replicas,
                ready=story.ready,
                draining=story.draining,
                reaction_s=story.scale_outs[-1].reaction_s if story.scale_outs else None,
                moves_per_s=rate,
                scale_outs=len(story.scale_outs),
                scale_ins=sum(1 for one in story.scale_ins.values() if one.deleted_at is not None),
            )
        )
        await asyncio.sleep(LOOK_S)
