"""Which color a secret plays, by what Redis or the database holds of it."""

import pytest

from chess_server.game.state import Player, digest_of, new_game

SECRET, OTHER = "ABCDEFGH1234", "1234ABCDEFGH"
GAME = "abcdefgh"


@pytest.mark.parametrize(
    "white, black, shown, expected",
    [
        pytest.param(SECRET, OTHER, SECRET, "white", id="as Redis holds it"),
        pytest.param(SECRET, OTHER, OTHER, "black", id="the other one's"),
        pytest.param(
            digest_of(GAME, SECRET), digest_of(GAME, OTHER), SECRET, "white", id="as the database does"
        ),
        pytest.param(
            digest_of(GAME, SECRET), digest_of(GAME, OTHER), OTHER, "black", id="the other one's, too"
        ),
        pytest.param(SECRET, OTHER, "wrong-secret", None, id="a wrong one"),
        pytest.param(digest_of(GAME, SECRET), "", digest_of(GAME, SECRET), None, id="a digest is no secret"),
        pytest.param(digest_of("abcdefgx", SECRET), "", SECRET, None, id="another game's"),
        pytest.param("", "", "", None, id="nothing shown where nothing is held"),
        pytest.param("", "", SECRET, None, id="nothing held"),
    ],
)
def test_which_color_a_secret_plays(white: str, black: str, shown: str, expected: str | None) -> None:
    players = {"white": Player(id=white), "black": Player(id=black)}
    game = new_game(GAME, **players, initial_seconds=60, increment_seconds=0, now_ms=0)
    assert game.color_of(shown) == expected


def test_a_game_that_is_shown_shows_no_secret() -> None:
    players = {"white": Player(id=SECRET, sri="sri-of-white"), "black": Player(id=OTHER)}
    shown = repr(new_game(GAME, **players, initial_seconds=60, increment_seconds=0, now_ms=0))
    assert SECRET not in shown
    assert "sri-of-white" not in shown
