"""Messages in, effects out."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chess_server.clients.rate_limit import Rate
from chess_server.clients.session import Close, Effect, EnterPool, LeavePool, Send, Session, Submit
from chess_server.game.commands import DrawYes, MakeMove, Resign
from chess_server.wire.paths import LobbyPlace, Place, PlayPlace, WatchPlace
from chess_server.wire.pools import Pool

LOBBY = LobbyPlace(sri="12345678")
PLAY = PlayPlace(game_id="abcdefgh", player_id="x" * 12, sri="12345678")
WATCH = WatchPlace(game_id="abcdefgh", color="white", sri="12345678")
FREE = Rate(1_000_000, 1)


def receive(place: Place, message: bytes) -> list[Effect]:
    return Session(place, FREE, 0.0).receive(message, 0.0)


@pytest.mark.parametrize(
    "place, message, effect",
    [
        pytest.param(PLAY, b"null", Send(b"0"), id="null is a ping"),
        pytest.param(WATCH, b'{"t":"p","l":40}', Send(b"0"), id="p is a ping"),
        pytest.param(PLAY, b'{"t":"move","d":{"u":"e2e4","a":17}}', Submit(MakeMove(uci="e2e4", a=17)), id="move"),
        pytest.param(PLAY, b'{"t":"move","d":{"u":"e2e4","a":1,"l":9},"x":1}', Submit(MakeMove(uci="e2e4", a=1)),
                     id="what is not known is ignored"),
        pytest.param(PLAY, b'{"t":"resign"}', Submit(Resign()), id="resign without number"),
        pytest.param(PLAY, b'{"t":"draw-yes","d":{"a":3}}', Submit(DrawYes(a=3)), id="draw with number"),
        pytest.param(LOBBY, b'{"t":"poolIn","d":{"id":"10+5"}}',
                     EnterPool(Pool(initial_seconds=600, increment_seconds=5)), id="poolIn"),
        pytest.param(LOBBY, b'{"t":"poolIn","d":{"id":"10+5","key":"0123456789abcdef"}}',
                     EnterPool(Pool(initial_seconds=600, increment_seconds=5), "0123456789abcdef"), id="poolIn by key"),
        pytest.param(LOBBY, b'{"t":"poolOut"}', LeavePool(), id="poolOut"),
        pytest.param(LOBBY, b'{"t":"poolOut","d":{"key":"0123456789abcdef"}}', LeavePool("0123456789abcdef"),
                     id="poolOut by key"),
    ],
)  # fmt: skip
def test_messages(place: Place, message: bytes, effect: Effect) -> None:
    assert receive(place, message) == [effect]


@pytest.mark.parametrize(
    "place, message, kind, code",
    [
        pytest.param(
            PLAY, b'{"t":"poolIn","d":{"id":"10+5"}}', "error", "not_here", id="lobby message at a game"
        ),
        pytest.param(LOBBY, b'{"t":"resign"}', "error", "not_here", id="game message in the lobby"),
        pytest.param(LOBBY, b'{"t":"poolIn","d":{"id":"fast"}}', "error", "bad_pool", id="no such pool"),
        pytest.param(
            LOBBY, b'{"t":"poolIn","d":{"id":"10+5","key":"short"}}', "error", "bad_message", id="a short key"
        ),
        pytest.param(
            WATCH, b'{"t":"move","d":{"u":"e2e4","a":1}}', "nack", "read_only", id="spectators only look"
        ),
        pytest.param(WATCH, b'{"t":"resign"}', "error", "read_only", id="likewise without a number"),
        pytest.param(PLAY, b"{", "error", "bad_message", id="broken"),
        pytest.param(PLAY, b'"move"', "error", "bad_message", id="a string"),
        pytest.param(PLAY, b'{"t":"move","d":{"u":"e2e4","a":1.5}}', "error", "bad_message", id="a fraction"),
        pytest.param(
            PLAY, b'{"t":"move","d":{"u":"e2e4","a":9007199254740992}}', "error", "bad_message", id="2^53"
        ),
        pytest.param(PLAY, b"[" * 5000, "error", "bad_message", id="depth"),
    ],
)
def test_a_refused_message_is_answered_with_a_code(
    place: Place, message: bytes, kind: str, code: str
) -> None:
    [effect] = receive(place, message)
    assert isinstance(effect, Send)
    said = json.loads(effect.frame)
    assert (said["t"], said["d"]["code"]) == (kind, code)
    assert said["d"]["message"]


@given(st.binary(max_size=200) | st.text(max_size=100).map(str.encode))
def test_any_message_is_answered(message: bytes) -> None:
    for place in (LOBBY, PLAY, WATCH):
        assert len(receive(place, message)) == 1


def test_too_many_messages_close_and_time_refills_the_bucket() -> None:
    session = Session(PLAY, Rate(3, 3.0), 0.0)
    assert [session.receive(b"null", 0.0) for _ in range(3)] == 3 * [[Send(b"0")]]
    assert session.receive(b"null", 0.5) == [Close(1008, "rate limit: 3 messages in 3 s")]
    assert session.receive(b"null", 1.5) == [Send(b"0")]


def test_pings_pongs_and_fragments_take_from_the_same_bucket() -> None:
    session = Session(PLAY, Rate(3, 3.0), 0.0)
    assert [session.control(0.0) for _ in range(2)] == [[], []]
    assert session.receive(b"null", 0.0) == [Send(b"0")]
    assert session.control(0.0) == [Close(1008, "rate limit: 3 messages in 3 s")]
