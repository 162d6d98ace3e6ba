"""Frames as they are on the wire, byte by byte: what clients were written against."""

import json

import msgspec
import pytest

from chess_server.game.events import (
    DrawDeclined,
    DrawOffered,
    Ended,
    Moved,
    Seconds,
    TakebackAsked,
    TakebackDeclined,
    TimeGiven,
)
from chess_server.game.state import Player, new_game
from chess_server.wire import frames, messages

GAME = new_game(
    "game0001",
    white=Player(id="white-secret"),
    black=Player(id="black-secret"),
    initial_seconds=60,
    increment_seconds=1,
    now_ms=0,
)
MOVED = Moved(ply=1, uci="e2e4", san="e4", fen="fen", clock=Seconds(white=60.0, black=59.5))
HERE = {"white": None, "black": None}
FULL = (
    '{"t":"full","v":0,"epoch":1,"d":{"game":{"id":"game0001","pool":"1+1","initial":60,"increment":1,'
    '"color":"white","player":true},"clock":{"white":60.0,"black":60.0},"moves":"","ply":0,"turn":"white",'
    '"fen":"rnbqkbnr/pppppppp/8/8/8/8/PPPPPPPP/RNBQKBNR w KQkq - 0 1","status":"started",'
    '"opponent":{"online":true},"crowd":{"white":true,"black":true}}}'
)
MOVE = (
    '{"t":"move","v":1,"d":{"ply":1,"uci":"e2e4","san":"e4","fen":"fen","clock":{"white":60.0,"black":59.5}}}'
)
CASES = {
    '{"t":"ack","d":17}': frames.ack(17),
    '{"t":"nack","d":{"code":"no_draw","message":"no","a":3}}': frames.rejected(3, "no_draw", "no"),
    '{"t":"error","d":{"code":"no_draw","message":"no"}}': frames.rejected(None, "no_draw", "no"),
    '{"t":"redirect","d":{"id":"gp","url":"/play/gp","color":"black","token":"T"}}': frames.redirect(
        "gp", "black", "T"
    ),
    '{"t":"serverRestart","d":{"delayMs":0,"jitterMs":500}}': frames.server_restart(0, 500),
    '{"t":"crowd","d":{"white":true,"black":false}}': frames.crowd(white=True, black=False),
    '{"t":"gone","d":{"color":"white","gone":false}}': frames.gone("white", is_gone=False),
    '{"t":"goneIn","d":{"color":"white","seconds":0.0}}': frames.gone_in("white", 0.0),
    '{"t":"clock","d":{"white":60.0,"black":60.0}}': frames.clock(GAME, 500),
    MOVE: frames.event(MOVED, 1),
    '{"t":"drawOffer","v":2,"d":{"color":"white"}}': frames.event(DrawOffered(color="white"), 2),
    '{"t":"drawDeclined","v":3,"d":{"color":"black"}}': frames.event(DrawDeclined(color="black"), 3),
    '{"t":"takebackOffer","v":4,"d":{"color":"white"}}': frames.event(TakebackAsked(color="white"), 4),
    '{"t":"takebackDeclined","v":5,"d":{"color":"black"}}': frames.event(TakebackDeclined(color="black"), 5),
    '{"t":"clockInc","v":6,"d":{"color":"black","seconds":15}}': frames.event(
        TimeGiven(color="black", seconds=15), 6
    ),
    '{"t":"endData","v":4,"d":{"status":"draw","pgnResult":"1/2-1/2"}}': frames.event(
        Ended(status="draw", pgn_result="1/2-1/2"), 4
    ),
    f'{{"t":"batch","v":1,"epoch":1,"d":[{MOVE}]}}': frames.batch(1, 1, [frames.event(MOVED, 1)]),
    FULL: frames.full(GAME, "white", player=True, elapsed_ms=0, left_ms=dict(HERE)),
}


@pytest.mark.parametrize("text, frame", CASES.items(), ids=lambda one: json.loads(one)["t"])
def test_frames(text: str, frame: bytes) -> None:
    assert json.loads(frame) == json.loads(text)
    assert frame.startswith(f'{{"t":"{json.loads(text)["t"]}"'.encode())


@pytest.mark.parametrize("frame", CASES.values(), ids=lambda one: json.loads(one)["t"])
def test_every_frame_is_of_the_types_and_has_nothing_else(frame: bytes) -> None:
    message = msgspec.json.decode(frame, type=messages.AnyMessage)
    assert json.loads(msgspec.json.encode(message)) == json.loads(frame)


def test_every_type_is_encoded_here() -> None:
    assert {json.loads(one)["t"] for one in CASES} == {one.__struct_config__.tag for one in messages.MESSAGES}


def test_a_server_without_keys_sends_no_token() -> None:
    assert (
        frames.redirect("gp", "black", "")
        == b'{"t":"redirect","d":{"id":"gp","url":"/play/gp","color":"black"}}'
    )
