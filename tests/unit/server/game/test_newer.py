"""What a newer server stored survives being read and written by this one, and the reverse."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from minute_game import fresh
from msgspec.structs import fields, replace

from chess_server.game.clock import Clock, Side
from chess_server.game.commands import DrawYes, MakeMove
from chess_server.game.decide import decide
from chess_server.game.outcomes import Moment, Step
from chess_server.game.state import Game, Player, decode, encode

GAME = fresh()
KNOWN = {field.encode_name for kind in (Game, Clock, Player) for field in fields(kind)}
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
members = st.dictionaries(st.text(min_size=1).filter(lambda name: name not in KNOWN), json_values, max_size=3)


@given(top=members, clock=members, white=members, tail=st.lists(json_values, max_size=3))
def test_unknown_members_survive_a_move(top: Any, clock: Any, white: Any, tail: list[Any]) -> None:
    newer = json.loads(encode(GAME))
    newer.update(top)
    newer["clock"].update(clock)
    newer["white"].update(white)
    newer["clock"]["black"] += tail
    step = decide(
        decode(json.dumps(newer).encode()), "white", MakeMove(uci="e2e4", a=1), Moment(received_ms=500)
    )
    assert isinstance(step, Step)
    written = json.loads(encode(step.game))
    assert top.items() <= written.items()
    assert clock.items() <= written["clock"].items()
    assert white.items() <= written["white"].items()
    assert written["clock"]["black"][4:] == tail
    assert written["moves"] == "e2e4"
    assert decode(encode(step.game)) == step.game


def test_a_value_without_unknown_members_is_written_as_before() -> None:
    assert decode(encode(GAME)) == GAME
    assert GAME.newer is msgspec.UNSET
    assert set(json.loads(encode(GAME))) == {field.encode_name for field in fields(Game)} - {""}


def test_a_game_that_cannot_be_read_is_an_error_still() -> None:
    for blob in (b"[]", b"{", b'{"id": 7, "x": 1}', encode(GAME).replace(b'"epoch":1', b'"epoch":"1"')):
        with pytest.raises(msgspec.MsgspecError):
            decode(blob)


class OldSide(msgspec.Struct, frozen=True, array_like=True):
    """As servers before this one know it."""

    left_ms: int
    quota_ms: int


class OldAccepted(msgspec.Struct, frozen=True, array_like=True):
    """As servers before this one know it."""

    color: str
    a: int


class OldClock(msgspec.Struct, frozen=True, kw_only=True):
    """As servers before this one know it."""

    initial_ms: int
    increment_ms: int
    white: OldSide
    black: OldSide


class OldGame(msgspec.Struct, frozen=True, kw_only=True):
    """The members of a game whose form has changed since."""

    epoch: int
    v: int
    clock: OldClock
    granted: tuple[OldAccepted, ...] = ()


def test_an_old_server_reads_what_this_one_writes_and_the_reverse() -> None:
    game = GAME
    for command in (MakeMove(uci="e2e4", a=3), DrawYes(a=4)):
        step = decide(game, "white", command, Moment(received_ms=500))
        assert isinstance(step, Step)
        game = step.game
    old = msgspec.json.decode(encode(game), type=OldGame)
    assert old.granted == (OldAccepted("white", 3), OldAccepted("white", 4))
    assert old.clock.white == OldSide(game.clock.white.left_ms, game.clock.white.quota_ms)
    blob = json.loads(encode(game)) | json.loads(msgspec.json.encode(old))
    del blob["white_offer_ply"], blob["black_offer_ply"]
    back = decode(json.dumps(blob).encode())
    assert [(one.color, one.a, one.what) for one in back.accepted] == [("white", 3, ""), ("white", 4, "")]
    assert back.clock.white == Side(game.clock.white.left_ms, game.clock.white.quota_ms)
    assert replace(back, accepted=game.accepted, clock=game.clock, white_offer_ply=1) == game
