"""What a step of the Redis host's clock does to a turn."""

import pytest
from msgspec.structs import replace

from chess_server.game.outages import Outages
from chess_server.game.shared import Held
from chess_server.game.sight import sighted
from chess_server.game.state import Player, new_game

GAME = new_game(
    "abcdefgh", white=Player(id="w"), black=Player(id="b"), initial_seconds=60, increment_seconds=0, now_ms=0
)


def held(since_ms: int, ply: int = 2) -> Held:
    return Held(game=replace(GAME, ply=ply), committed=0, since_ms=since_ms)


@pytest.mark.parametrize(
    "step_ms, outages, began_ms",
    [
        pytest.param(0, (), 1000, id="no step"),
        pytest.param(900, (), 1000, id="within what two clocks may differ"),
        pytest.param(60_000, (), 61_000, id="set forward"),
        pytest.param(-60_000, (), -59_000, id="set back"),
        pytest.param(60_000, ((3500, 63_500),), 1000, id="set forward, which is an outage already"),
    ],
)
def test_when_the_turn_began(step_ms: int, outages: tuple[tuple[int, int], ...], began_ms: int) -> None:
    sight = sighted(held(1000), None, now_ms=1500, steady_ms=7000)
    now_ms = 1500 + 4000 + step_ms
    assert sight.began_ms(now_ms, 7000 + 4000, Outages(closed=outages)) == began_ms


def test_a_turn_is_sighted_once_and_did_not_begin_before_the_one_before_it() -> None:
    first = sighted(held(1000), None, now_ms=1000, steady_ms=0)
    assert sighted(held(1000), first, now_ms=9000, steady_ms=8000) is first
    second = sighted(held(2000, ply=3), first, now_ms=80_000, steady_ms=1500)
    assert second.spent_ms == 1500, "the clock was set back before this server noticed"


def test_turns_that_are_seen_late_keep_the_time_spent_on_them() -> None:
    late = sighted(held(0), None, now_ms=10_000, steady_ms=0)
    later = sighted(held(5000, ply=3), late, now_ms=10_100, steady_ms=100)
    assert later.spent_ms == 5100
    assert later.began_ms(11_000, 1000, Outages()) == 5000


def test_a_beginning_that_the_store_has_set_back_gives_no_time_back() -> None:
    """The clock was set back by an hour, and a server that did not see the turn begin has corrected its beginning."""
    first = sighted(held(3_600_000), None, now_ms=3_600_000, steady_ms=0)
    again = sighted(held(10_000), first, now_ms=10_000, steady_ms=10_000)
    assert again.began_ms(12_000, 12_000, Outages()) == 0
    assert sighted(held(10_000), again, now_ms=13_000, steady_ms=13_000) is again


def test_a_turn_that_begins_when_its_move_is_published_begins_anew() -> None:
    applied = sighted(held(1000), None, now_ms=1000, steady_ms=0)
    published = sighted(held(3000), applied, now_ms=3000, steady_ms=2000)
    assert published.began_ms(4000, 3000, Outages()) == 3000
