"""What is remembered of games that do not exist."""

from chess_server.clients.lookups import ABSENT_SECONDS, ENDED_SECONDS, MISSES, Lookups
from chess_server.wire.paths import PlayPlace, WatchPlace

WATCH = WatchPlace(game_id="abcdefgh", color="white", sri="12345678")
PLAY = PlayPlace(game_id="abcdefgh", player_id="x" * 12, sri="12345678")
OTHER = PlayPlace(game_id="abcdefgh", player_id="y" * 12, sri="12345678")


def test_an_unknown_game_is_absent_for_all_and_not_for_ever() -> None:
    lookups = Lookups()
    lookups.missed(WATCH, "1.1.1.1", 0.0, game_exists=False)
    assert lookups.is_absent(WATCH, 1.0)
    assert lookups.is_absent(PLAY, 1.0)
    assert not lookups.is_absent(WATCH, ABSENT_SECONDS + 1)


def test_a_wrong_secret_is_absent_alone() -> None:
    lookups = Lookups()
    lookups.missed(PLAY, "1.1.1.1", 0.0, game_exists=True)
    assert lookups.is_absent(PLAY, 1.0)
    assert not lookups.is_absent(OTHER, 1.0)
    assert not lookups.is_absent(WATCH, 1.0)


def test_who_asks_for_many_waits() -> None:
    lookups = Lookups()
    for number in range(MISSES.messages):
        assert not lookups.wait_seconds("1.1.1.1", 0.0)
        place = WatchPlace(game_id=f"{number:08d}", color="white", sri="12345678")
        lookups.missed(place, "1.1.1.1", 0.0, game_exists=False)
    assert lookups.wait_seconds("1.1.1.1", 0.0) > 0
    assert not lookups.wait_seconds("2.2.2.2", 0.0)


def test_an_ended_game_is_remembered_for_an_hour() -> None:
    lookups = Lookups()
    lookups.ended("abcdefgh", 0.0)
    assert lookups.has_ended("abcdefgh", ENDED_SECONDS - 1)
    assert not lookups.has_ended("abcdefgx", 1.0)
    assert not lookups.has_ended("abcdefgh", ENDED_SECONDS + 1)
