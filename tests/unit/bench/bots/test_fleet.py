"""Who is asked to leave: nobody goes without a game as long as others have played."""

import pytest

from chess_bench.bots import games
from chess_bench.bots.fleet import Fleet

GAMES = games.parse("1. e4 e5 1-0").games


def fleet_of(players: int, seed: int = 1) -> tuple[Fleet, list[str]]:
    """Return a fleet whose players have not started, and their names."""
    fleet = Fleet("127.0.0.1", 1, GAMES, seed=seed)
    for _ in range(players):
        fleet._seats.append(fleet._seat())
    return fleet, [seat.player.name for seat in fleet._seats]


@pytest.mark.parametrize("seed", range(5))
async def test_those_who_have_played_leave_first(seed: int) -> None:
    fleet, names = fleet_of(8, seed)
    fleet.ledger.movers.update(names)
    fleet.ledger.finishers.update(names[::2])
    assert fleet.leave(4) == 4
    assert {seat.player.name for seat in fleet._seats if seat.player.leaving} == set(names[::2])
    assert fleet.leave() == 4, "the others go when all do"


async def test_a_report_names_who_never_got_in_and_who_never_played() -> None:
    fleet, (one, two, three) = fleet_of(3)
    fleet.ledger.admitted.update((one, two))
    fleet.ledger.acknowledged(one, "g", 1, "e2e4", 0.1)
    fleet.ledger.ended(one, "g", 1, "1-0")
    fleet.ledger.ended(two, "g", 1, "1-0")
    report = fleet.report()
    assert report.never_admitted == (three,)
    assert report.never_played == (two, three), "a game without a move of its own is none that it played"
    assert report.acks.count == 1
