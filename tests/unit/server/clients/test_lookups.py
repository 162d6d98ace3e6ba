"""What is remembered of games that do not exist."""

import pytest

from chess_server.clients.lookups import (
    ABSENT_SECONDS,
    ENDED_SECONDS,
    MISSES,
    PLAYED_SECONDS,
    Lookups,
    seat_of,
)
from chess_server.wire.paths import LobbyPlace, Place, PlayPlace, WatchPlace

WATCH = WatchPlace(game_id="abcdefgh", color="white", sri="12345678")
PLAY = PlayPlace(game_id="abcdefgh", player_id="x" * 12, sri="12345678")
SIGNED = PlayPlace(game_id="abcdefgh", color="black", sri="12345678")
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


@pytest.mark.parametrize("place, other", [(WATCH, PLAY), (PLAY, WATCH)])
def test_who_asks_for_many_waits_and_spectators_and_players_of_an_address_do_not_wait_for_each_other(
    place: PlayPlace | WatchPlace, other: PlayPlace | WatchPlace
) -> None:
    lookups = Lookups()
    for _ in range(MISSES.messages):
        assert not lookups.wait_seconds(place, "1.1.1.1", 0.0)
        lookups.missed(place, "1.1.1.1", 0.0, game_exists=False)
    assert lookups.wait_seconds(place, "1.1.1.1", 0.0) > 0
    assert not lookups.wait_seconds(other, "1.1.1.1", 0.0)
    assert not lookups.wait_seconds(place, "2.2.2.2", 0.0)


def test_an_ended_game_is_remembered_for_an_hour() -> None:
    lookups = Lookups()
    lookups.ended("abcdefgh", 0.0)
    assert lookups.has_ended("abcdefgh", ENDED_SECONDS - 1)
    assert not lookups.has_ended("abcdefgx", 1.0)
    assert not lookups.has_ended("abcdefgh", ENDED_SECONDS + 1)


def test_a_player_who_left_his_running_game_is_known_for_a_while() -> None:
    lookups = Lookups()
    for place in (PLAY, WATCH):
        lookups.left(place, 0.0)
    known = [lookups.has_played(place, 1.0) for place in (PLAY, OTHER, WATCH)]
    assert known == [True, False, False]
    lookups.ended(PLAY.game_id, 1.0)
    assert not lookups.has_played(PLAY, 1.0)
    lookups.left(PLAY, 4000.0)
    assert lookups.has_played(PLAY, 4000.0 + PLAYED_SECONDS - 1)
    assert not lookups.has_played(PLAY, 4000.0 + PLAYED_SECONDS)


@pytest.mark.parametrize(
    "place, seat",
    [
        pytest.param(PLAY, "abcdefghxxxxxxxxxxxx", id="by the secret"),
        pytest.param(SIGNED, "abcdefgh black", id="by the token"),
        pytest.param(WATCH, "", id="a spectator"),
        pytest.param(LobbyPlace(sri="12345678"), "", id="a newcomer"),
    ],
)
def test_a_seat_is_a_players_alone(place: Place, seat: str) -> None:
    assert seat_of(place) == seat
