"""Which place a path asks for."""

import pytest

from chess_server.wire.paths import LobbyPlace, PathError, Place, PlayPlace, Resume, WatchPlace, parse


@pytest.mark.parametrize(
    "target, place",
    [
        ("/lobby/socket?sri=12345678", LobbyPlace(sri="12345678")),
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
