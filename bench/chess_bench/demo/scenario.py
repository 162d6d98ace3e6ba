"""The play itself: players come in waves, play, and go in waves, while the operator follows.

Each wave waits until the cluster has followed, but never for long: a cluster that does not follow is a result, too.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from chess_bench.bots.fleet import Fleet
from chess_bench.bots.ledger import Report
from chess_bench.console.screen import Screen
from chess_bench.demo.timeline import Story
from chess_bench.settings import MIN_REPLICAS, Settings

WAVES = 4
JOIN_S = 6.0
FOLLOW_S = 25.0
LEAVE_S = 18.0  # from one wave of goodbyes to the next
PEAK_S = 40.0
BUSY_SHARE = 0.5  # of the target: a pod with that many connections is worth being emptied
LAST_GAMES_S = 200.0
BACK_S = 60.0
HURRY = 0.4  # of the time for a move, once there is nothing left to see but the end of the last games
LOOK_S = 0.25


@dataclass(slots=True)
class Stage:
    """Everything that the acts need."""

    settings: Settings
    fleet: Fleet
    story: Story
    screen: Screen
    peak_wanted: int = 0


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
    stage.screen.say("everybody plays; new games fill the youngest replicas")
    await _until(lambda: _all_busy(stage), PEAK_S)


async def empty(stage: Stage) -> Report:
    """Let everybody end the present game and go, wave by wave, and wait for the way back to `minReplicas`."""
    for number, share in enumerate(shares(stage.settings.players)[1:], 1):
        stage.screen.say(f"goodbye {number}: {share} players play their last game")
        stage.fleet.leave(share)
        await asyncio.sleep(LEAVE_S)
    stage.screen.say("the rest play their last game")
    hurrying = asyncio.create_task(_hurry_the_last(stage))
    try:
        report = await stage.fleet.finish(LAST_GAMES_S)
    finally:
        hurrying.cancel()
    await _until(lambda: _back(stage), BACK_S)
    return report


async def _hurry_the_last(stage: Stage) -> None:
    await _until(lambda: _back(stage), LAST_GAMES_S)
    stage.screen.say("back to the fewest replicas; the last games are played quickly")
    stage.fleet.pace.think_s *= HURRY


def _back(stage: Stage) -> bool:
    return stage.story.replicas == MIN_REPLICAS and not stage.story.draining


def _followed(stage: Stage) -> bool:
    wanted = stage.settings.wanted(stage.fleet.sockets.open)
    return stage.story.replicas >= wanted and stage.story.ready >= wanted


def _at_peak(stage: Stage) -> bool:
    return stage.story.ready >= stage.peak_wanted


def _all_busy(stage: Stage) -> bool:
    least = min((stage.story.load(uid)[0] for uid in stage.story.pods), default=0)
    return least >= stage.settings.target * BUSY_SHARE


async def _until(condition: Callable[[], bool], deadline_s: float) -> None:
    """Wait for a condition of a story that others write; not for ever."""
    deadline = asyncio.get_running_loop().time() + deadline_s
    while not condition() and asyncio.get_running_loop().time() < deadline:  # noqa: ASYNC110, many writers
        await asyncio.sleep(LOOK_S)
