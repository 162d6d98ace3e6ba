"""What the players do: they come in waves, play, and leave in waves, while the operator follows.

After each wave the scenario waits until the cluster has followed, up to a deadline: a cluster that does not follow is
a result, too.
"""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from chess_bench.bots.fleet import Fleet
from chess_bench.bots.games import Game, LeftOut
from chess_bench.bots.ledger import Report
from chess_bench.cluster.polling import TooLateError, until
from chess_bench.console.screen import Screen
from chess_bench.demo.steps import Phase
from chess_bench.demo.timeline import Timeline
from chess_bench.settings import MIN_REPLICAS, Settings

WAVES = 4
JOIN_SECONDS = 6.0
FOLLOW_SECONDS = 60.0
LEAVE_SECONDS = 18.0  # from one wave that leaves to the next
PEAK_SECONDS = 40.0
BUSY_SHARE = 0.5  # of the target
LAST_GAMES_SECONDS = 300.0
LONGEST_GAME_SECONDS = 200.0  # players slow down with a busy machine
BACK_SECONDS = 120.0
HURRY = 0.4  # of the time per move, once only the ends of the last games are left to wait for


@dataclass(slots=True)
class Scenario:
    """What the scenario works with."""

    settings: Settings
    fleet: Fleet
    timeline: Timeline
    screen: Screen

    def begin(self, phase: Phase) -> None:
        """Count what comes under that phase."""
        self.fleet.ledger.phase = self.timeline.steps.phase = phase

    @property
    def least_busy(self) -> float:
        """Connections of a pod whose drain proves something."""
        return self.settings.target * BUSY_SHARE


def too_long(games: Sequence[Game], think_seconds: float) -> list[LeftOut]:
    """Return the games that would not end before the run does."""
    taken = {game: len(game.moves) * think_seconds for game in games}
    return [
        LeftOut(
            number=game.number,
            reason=f"its {len(game.moves)} plies take {seconds:.0f} s at {think_seconds} s each; "
            f"at most {LONGEST_GAME_SECONDS:.0f} s are allowed",
        )
        for game, seconds in taken.items()
        if seconds > LONGEST_GAME_SECONDS
    ]


def shares(players: int, waves: int = WAVES) -> list[int]:
    """Split the players into waves of nearly equal size, even where possible."""
    even = players // waves // 2 * 2
    return [*[even] * (waves - 1), players - even * (waves - 1)]


async def fill(scenario: Scenario) -> None:
    """Let all players come in waves; after each, wait until the cluster has followed."""
    scenario.begin(Phase.COMING)
    for number, share in enumerate(shares(scenario.settings.players), 1):
        scenario.screen.print(f"wave {number}: {share} more players come")
        await scenario.fleet.join(share, over_seconds=JOIN_SECONDS)
        await _until("the replicas follow", lambda: _followed(scenario), FOLLOW_SECONDS)
    await _until("the peak is reached", lambda: _at_peak(scenario), FOLLOW_SECONDS)
    scenario.begin(Phase.PLAYING)
    scenario.screen.print("all players play; new games fill the newest replicas")
    await _until("every replica is busy", lambda: _all_busy(scenario), PEAK_SECONDS)


async def empty(scenario: Scenario) -> Report:
    """Let all players finish their game and leave in waves; wait until the cluster is back at `minReplicas`."""
    scenario.begin(Phase.LEAVING)
    for number, share in enumerate(shares(scenario.settings.players)[1:], 1):
        scenario.screen.print(f"leaving {number}: {share} players play their last game")
        scenario.fleet.leave(share)
        await asyncio.sleep(LEAVE_SECONDS)
    scenario.screen.print("the rest play their last game")
    hurrying = asyncio.create_task(_hurry_the_last(scenario))
    try:
        report = await scenario.fleet.finish(LAST_GAMES_SECONDS)
    finally:
        hurrying.cancel()
    await _until("back at minReplicas", lambda: _back(scenario), BACK_SECONDS)
    return report


async def _hurry_the_last(scenario: Scenario) -> None:
    await _until("back at minReplicas", lambda: _back(scenario), LAST_GAMES_SECONDS)
    scenario.screen.print("back at minReplicas; the last games are played faster")
    scenario.fleet.pace.think_seconds *= HURRY


def _back(scenario: Scenario) -> bool:
    return scenario.timeline.replicas == MIN_REPLICAS and not scenario.timeline.draining


def _followed(scenario: Scenario) -> bool:
    wanted = scenario.settings.wanted(scenario.fleet.sockets.open)
    return scenario.timeline.replicas >= wanted and scenario.timeline.ready >= wanted


def _at_peak(scenario: Scenario) -> bool:
    return scenario.timeline.ready >= scenario.settings.peak_wanted


def _all_busy(scenario: Scenario) -> bool:
    now = asyncio.get_running_loop().time()
    loads = [scenario.timeline.load(uid, now)[0] for uid in scenario.timeline.pods]
    return bool(loads) and all(load is not None and load >= scenario.least_busy for load in loads)


async def _until(what: str, condition: Callable[[], bool], within_seconds: float) -> None:
    """Wait for a condition, but not forever."""
    with suppress(TooLateError):
        await until(what, lambda: None if condition() else "not yet", within_seconds)
