"""Which place a path asks for."""

import pytest

from chess_server.wire.paths import LobbyPlace, PathError, Place, PlayPlace, Resume, WatchPlace, parse, proved
from chess_server.wire.tokens import Tokens

TOKENS = Tokens([b"k" * 43], "cluster")
PLAY = PlayPlace(game_id="abcdefgh", sri="12345678")
OLDER = PlayPlace(game_id="abcdefgh", player_id="ABCDEFGH1234", sri="12345678")
WATCH = WatchPlace(game_id="abcdefgh", color="black", sri="12345678")


@pytest.mark.parametrize(
    "target, place",
    [
        ("/lobby/socket?sri=12345678", LobbyPlace(sri="12345678")),
        ("/play/abcdefgh?sri=12345678", PlayPlace(game_id="abcdefgh", sri="12345678")),
        (
            "/play/abcdefghABCDEFGH1234?sri=12345678",
            PlayPlace(game_id="abcdefgh", player_id="ABCDEFGH1234", sri="12345678"),
        ),
        (
            "/play/abcdefghABCDEFGH1234?sri=12345678&v=0&epoch=3",
            PlayPlace(
                game_id="abcdefgh", player_id="ABCDEFGH1234", sri="12345678", resume=Resume(v=0, epoch=3)
            ),
        ),
        (
            "/watch/abcdefgh/black?sri=1234-5_78",
            WatchPlace(game_id="abcdefgh", color="black", sri="1234-5_78"),
        ),
    ],
)
def test_places(target: str, place: Place) -> None:
    assert parse(target) == place


@pytest.mark.parametrize(
    "target, status, says",
    [
        ("/", 404, "allowed: /lobby/socket"),
        ("/lobby/other?sri=12345678", 404, "allowed"),
        ("/play/short?sri=12345678", 404, "allowed"),
        ("/watch/abcdefgh/green?sri=12345678", 404, "allowed"),
        ("/lobby/socket", 400, "sri is ''; allowed: 8 to 32 characters"),
        ("/lobby/socket?sri=1234", 400, "sri is '1234'"),
        ("/lobby/socket?sri=12345678%0a", 400, "sri is '12345678\\n'"),
        ("/play/abcdefghABCDEFGH1234?sri=12345678&v=3", 400, "epoch is ''; allowed: a whole number"),
        ("/play/abcdefghABCDEFGH1234?sri=12345678&v=-3&epoch=1", 400, "v is '-3'"),
        ("/play/abcdefghABCDEFGH1234?sri=12345678&v=1&epoch=99999999999", 400, "epoch is '99999999999'"),
    ],
)
def test_what_is_wrong_is_named(target: str, status: int, says: str) -> None:
    with pytest.raises(PathError) as refused:
        parse(target)
    assert refused.value.status == status
    assert says in str(refused.value)


def offering(game_id: str, color: str) -> str:
    return f"chess.v1, chess.token.{TOKENS.of(game_id, color)}"


@pytest.mark.parametrize(
    "place, protocols, color",
    [
        pytest.param(PLAY, offering("abcdefgh", "white"), "white", id="a token"),
        pytest.param(PLAY, offering("abcdefgh", "black"), "black", id="the other color's"),
        pytest.param(OLDER, offering("abcdefgh", "black"), "black", id="a token beside a secret"),
        pytest.param(OLDER, "", None, id="a secret alone is compared later"),
        pytest.param(OLDER, "chess.v1", None, id="a secret and no token"),
    ],
)
def test_a_token_proves_the_color(place: PlayPlace, protocols: str, color: str | None) -> None:
    found = proved(place, protocols, TOKENS)
    assert isinstance(found, PlayPlace)
    assert (found.color, found.game_id, found.player_id) == (color, place.game_id, place.player_id)


@pytest.mark.parametrize("place", [PLAY, OLDER])
@pytest.mark.parametrize(
    "protocols", ["chess.token.forged", offering("abcdefgx", "white"), "chess.v1, chess.token." + "A" * 36]
)
def test_a_wrong_token_is_refused_and_not_shown(place: PlayPlace, protocols: str) -> None:
    with pytest.raises(PathError) as refused:
        proved(place, protocols, TOKENS)
    assert (refused.value.status, refused.value.code) == (401, "bad_token")
    assert protocols.rpartition(".")[2] not in str(refused.value)


@pytest.mark.parametrize("protocols", ["", "chess.v1", "chess.token."])
def test_a_game_id_alone_makes_no_player(protocols: str) -> None:
    with pytest.raises(PathError) as refused:
        proved(PLAY, protocols, TOKENS)
    assert refused.value.status == 401


@pytest.mark.parametrize("place", [WATCH, LobbyPlace(sri="12345678")])
def test_who_looks_on_needs_no_token(place: Place) -> None:
    assert proved(place, "chess.token.forged", TOKENS) == place


def test_a_place_shows_no_secret() -> None:
    assert "ABCDEFGH1234" not in repr(OLDER)
    with pytest.raises(PathError) as refused:
        parse("/play/abcdefghABCDEFGH1234/more?sri=12345678")
    assert "ABCDEFGH1234" not in str(refused.value)
