"""What a socket is sent when it joins: the game or what it missed, and then how things stand now."""

import json
from typing import Any

import pytest
from msgspec.structs import replace

from chess_server.game.shared import Crowd, Held
from chess_server.game.state import Player, new_game
from chess_server.play.subscribers import Subscriber, Subscribers, Timing

BOTH = {"white": None, "black": None}
NEW_GAME = new_game(
    "game0001",
    white=Player(id="white-secret"),
    black=Player(id="black-secret"),
    initial_seconds=300,
    increment_seconds=0,
    now_ms=0,
)
RUNNING = replace(NEW_GAME, ply=2, v=2)
OVER = replace(RUNNING, status="resign", winner="white")
CLOCK = {"white": 290.989, "black": 300.0, "running": "white"}
STANDING = {"white": 300.0, "black": 300.0}


class Socket:
    def __init__(self) -> None:
        self.sent: list[Any] = []

    def send(self, frame: bytes) -> None:
        self.sent.append(json.loads(frame))

    @property
    def after_the_first(self) -> list[tuple[str, Any]]:
        return [(frame["t"], frame["d"]) for frame in self.sent[1:]]


def join(game: Any, left_ms: Any, *, player: bool = True, missed: Any = ()) -> tuple[Subscribers, Socket]:
    """White's socket joins 9.011 s after the turn began."""
    subscribers, socket = Subscribers(), Socket()
    held = Held(game=game, committed=game.v, since_ms=0)
    subscriber = Subscriber(sender=socket, color="white", player=player, member="pod|1")
    timing = Timing(elapsed_ms=9011, left_ms=left_ms)
    subscribers.welcome(subscriber, held, None if missed is None else list(missed), timing)
    return subscribers, socket


@pytest.mark.parametrize(
    "game, left_ms, player, expected",
    [
        pytest.param(
            RUNNING,
            BOTH,
            1,
            [
                ("clock", CLOCK),
                ("crowd", {"white": True, "black": True}),
                ("gone", {"color": "black", "gone": False}),
            ],
            id="the opponent is here, whatever was said before",
        ),
        pytest.param(
            RUNNING,
            {"white": None, "black": 12_000},
            1,
            [
                ("clock", CLOCK),
                ("crowd", {"white": True, "black": False}),
                ("gone", {"color": "black", "gone": True}),
                ("goneIn", {"color": "black", "seconds": 12.0}),
            ],
            id="the opponent is away",
        ),
        pytest.param(
            RUNNING,
            {"white": None, "black": 0},
            1,
            [
                ("clock", CLOCK),
                ("crowd", {"white": True, "black": False}),
                ("gone", {"color": "black", "gone": True}),
                ("goneIn", {"color": "black", "seconds": 0.0}),
            ],
            id="the absence may be claimed now",
        ),
        pytest.param(
            RUNNING,
            {"white": None, "black": 0},
            0,
            [("clock", CLOCK), ("crowd", {"white": True, "black": False})],
            id="a spectator claims nothing",
        ),
        pytest.param(
            OVER,
            {"white": None, "black": 0},
            1,
            [("clock", STANDING), ("crowd", {"white": True, "black": False})],
            id="a game that is over stands still",
        ),
    ],
)
def test_after_a_batch_comes_how_things_stand_now(
    game: Any, left_ms: Any, player: int, expected: Any
) -> None:
    _, socket = join(game, left_ms, player=bool(player))
    assert socket.sent[0] == {"t": "batch", "v": 2, "epoch": 1, "d": []}
    assert socket.after_the_first == expected


def test_a_full_says_how_things_stand_itself() -> None:
    _, socket = join(RUNNING, BOTH, missed=None)
    assert (socket.sent[0]["t"], socket.sent[0]["d"]["clock"]) == ("full", CLOCK)
    assert socket.after_the_first == []


def test_who_was_told_that_the_opponent_is_away_learns_of_his_return_once() -> None:
    subscribers, socket = join(RUNNING, {"white": None, "black": 12_000})
    before = len(socket.sent)
    subscribers.send_returns(Crowd(white_left_ms=None, black_left_ms=1))
    subscribers.send_returns(Crowd(white_left_ms=None, black_left_ms=None))
    subscribers.send_absence({"white": None, "black": None})
    assert [(frame["t"], frame["d"]) for frame in socket.sent[before:]] == [
        ("gone", {"color": "black", "gone": False})
    ]


def test_events_that_a_socket_missed_are_followed_by_the_clock() -> None:
    subscribers, socket = join(RUNNING, BOTH, missed=None)
    later = replace(RUNNING, ply=3, v=3)
    [subscriber] = subscribers.all
    event = b'{"t":"move","v":3,"d":{}}'
    subscribers.catch_up(
        subscriber,
        Held(game=later, committed=3, since_ms=0),
        [event],
        Timing(elapsed_ms=1000, left_ms={"white": None, "black": None}),
    )
    assert socket.sent[1:] == [
        {"t": "move", "v": 3, "d": {}},
        {"t": "clock", "d": {"white": 300.0, "black": 299.0, "running": "black"}},
    ]
