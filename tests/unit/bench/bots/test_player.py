"""What a bot does, message by message: what a good client would do."""

import itertools
import json
import random
from typing import Any

import pytest

from chess_bench.bots import games
from chess_bench.bots.connection import DEAD_AFTER_SECONDS, PING_AFTER_SECONDS
from chess_bench.bots.effects import Abandon, Close, Effect, Open, Send
from chess_bench.bots.ledger import Ledger
from chess_bench.bots.pace import Pace
from chess_bench.bots.player import Player

SHORT = games.parse("1. e4 e5 2. Nf3 Nc6 1-0")
MATE = games.parse("1. f3 e5 2. g4 Qh4# 0-1")
DRAW = games.parse("1. e4 e5 1/2-1/2")


class Table:
    """A player, its clock, and what it asked for."""

    def __init__(self, played: tuple[games.Game, ...] = SHORT) -> None:
        self.ledger = Ledger()
        self.now = 100.0
        numbers = itertools.count(1)
        rng = random.Random(1)  # noqa: S311 - a bot needs no cryptographic randomness
        self.player = Player("bot-test-00001", played, Pace(), rng, self.ledger, numbers)
        self.effects: list[Effect] = self.player.start(self.now)

    def take(self) -> list[Effect]:
        effects, self.effects = self.effects, []
        return effects

    def sent(self) -> list[Any]:
        return [json.loads(e.text) for e in self.take() if isinstance(e, Send)]

    def says(self, socket: int, kind: str, data: object = None, **rest: object) -> None:
        frame = {"t": kind, "d": data, **rest}
        self.effects += self.player.received(socket, json.dumps(frame), self.now)

    def opens(self, socket: int) -> None:
        self.effects += self.player.opened(socket, self.now)

    def passes(self, seconds: float) -> None:
        end = self.now + seconds
        while (wake := self.player.wake_at) is not None and wake <= end:
            self.now = max(self.now, wake)
            self.effects += self.player.tick(self.now)
        self.now = end

    def sits_down(self, color: str = "white", moves: str = "", v: int = 0) -> None:
        self.opens(1)
        self.says(
            1,
            "redirect",
            {"id": "gamegamesecretsecret", "url": "/play/gamegamesecretsecret", "color": color},
        )
        self.take()
        self.opens(2)
        self.full(2, moves, v)

    def full(self, socket: int, moves: str, v: int, epoch: int = 1, **more: object) -> None:
        self.says(socket, "full", {"moves": moves, "status": "started", **more}, v=v, epoch=epoch)

    def move(self, socket: int, v: int, ply: int, uci: str) -> None:
        self.says(socket, "move", {"ply": ply, "uci": uci}, v=v)

    def faults(self) -> list[str]:
        return [fault.kind for fault in self.ledger.faults]


def test_it_waits_in_the_pool_and_follows_the_redirect() -> None:
    table = Table()
    (door,) = table.take()
    assert door == Open(1, "/lobby/socket?sri=bot-test-00001-001")
    table.opens(1)
    assert table.sent()[0] == {"t": "poolIn", "d": {"id": "10+5"}}
    table.says(
        1, "redirect", {"id": "gamegamesecretsecret", "url": "/play/gamegamesecretsecret", "color": "white"}
    )
    assert table.take() == [Close(1), Open(2, "/play/gamegamesecretsecret?sri=bot-test-00001-001")]


def test_it_moves_when_it_is_its_turn_and_only_then() -> None:
    table = Table()
    table.sits_down("black")
    table.passes(5)
    assert [m for m in table.sent() if m] == []
    table.move(2, 1, 1, "e2e4")
    table.passes(2)
    assert table.sent() == [{"t": "move", "d": {"u": "e7e5", "a": 1}}]


def test_it_sends_the_same_again_until_it_is_answered() -> None:
    table = Table()
    table.sits_down()
    table.passes(2)
    first = table.sent()
    table.passes(2.5)
    assert table.sent() == first == [{"t": "move", "d": {"u": "e2e4", "a": 1}}]
    table.says(2, "ack", 1)
    table.move(2, 1, 1, "e2e4")
    table.passes(6)
    assert table.sent() == []
    assert table.ledger.tally["moves"] == 1


@pytest.mark.parametrize("code", ["unavailable", "overloaded", "conflict"])
def test_a_passing_refusal_is_answered_by_the_same_again(code: str) -> None:
    table = Table()
    table.sits_down()
    table.passes(2)
    first = table.sent()
    table.says(2, "nack", {"a": 1, "code": code, "message": "later"})
    table.passes(2)
    assert table.sent() == first
    assert table.faults() == []


def test_any_other_refusal_is_a_fault() -> None:
    table = Table()
    table.sits_down()
    table.passes(2)
    table.says(2, "nack", {"a": 1, "code": "illegal_move", "message": "no"})
    assert table.faults() == ["refused"]


def test_the_loser_resigns_and_both_go_back_to_the_lobby() -> None:
    table = Table()
    table.sits_down("black", "e2e4 e7e5 g1f3 b8c6", 4)
    table.passes(2)
    assert table.sent() == [{"t": "resign", "d": {"a": 1}}]
    table.says(2, "endData", {"status": "resign", "winner": "white", "pgnResult": "1-0"}, v=5)
    assert table.take() == [Close(2)]
    table.passes(2)
    assert table.take() == [Open(3, "/lobby/socket?sri=bot-test-00001-002")]
    assert [game.result for game in table.ledger.finished.values()] == ["1-0"]
    assert table.faults() == []


def test_a_draw_is_offered_by_both() -> None:
    table = Table(DRAW)
    table.sits_down("white", "e2e4 e7e5", 2)
    table.passes(2)
    assert table.sent() == [{"t": "draw-yes", "d": {"a": 1}}]
    table.says(2, "nack", {"a": 1, "code": "game_over", "message": "the other's came first"})
    assert table.faults() == []


def test_mate_is_the_servers_to_call() -> None:
    table = Table(MATE)
    table.sits_down("white", "f2f3 e7e5 g2g4 d8h4", 4)
    table.passes(6)
    assert table.sent() == []


@pytest.mark.parametrize(
    "end, kind",
    [
        pytest.param({"status": "outoftime", "winner": "white", "pgnResult": "1-0"}, "wrong end", id="flag"),
        pytest.param(
            {"status": "resign", "winner": "black", "pgnResult": "0-1"}, "wrong end", id="other-result"
        ),
    ],
)
def test_an_end_that_is_not_the_pgns_is_a_fault(end: dict[str, str], kind: str) -> None:
    table = Table()
    table.sits_down("white", "e2e4 e7e5 g1f3 b8c6", 4)
    table.says(2, "endData", end, v=5)
    assert table.faults() == [kind]


def test_an_early_end_is_a_fault() -> None:
    table = Table()
    table.sits_down("white", "e2e4", 1)
    table.says(2, "endData", {"status": "resign", "winner": "white", "pgnResult": "1-0"}, v=2)
    assert table.faults() == ["ended early"]


def test_a_cut_player_comes_again_and_resumes_with_what_it_knows() -> None:
    table = Table()
    table.sits_down("black")
    table.move(2, 1, 1, "e2e4")
    table.effects += table.player.closed(2, None, table.now)
    table.passes(2)
    assert table.take() == [Open(3, "/play/gamegamesecretsecret?sri=bot-test-00001-001&v=1&epoch=1")]
    table.opens(3)
    assert table.ledger.resume_seconds == []
    table.says(3, "batch", [], v=1, epoch=1)
    assert len(table.ledger.resume_seconds) == 1
    assert len(table.ledger.drops) == 1
    assert table.faults() == []


def test_what_was_not_answered_before_the_cut_is_sent_again_after_it() -> None:
    table = Table()
    table.sits_down()
    table.passes(2)
    first = table.sent()
    table.effects += table.player.closed(2, 1006, table.now)
    table.passes(1.5)
    table.take()
    table.opens(3)
    table.says(3, "batch", [], v=0, epoch=1)
    assert table.sent() == first


def test_a_handover_opens_the_second_before_it_closes_the_first() -> None:
    table = Table()
    table.sits_down("black")
    table.says(2, "serverRestart", {"delayMs": 100, "jitterMs": 300})
    assert table.take() == []
    table.passes(0.5)
    assert table.take() == [Open(3, "/play/gamegamesecretsecret?sri=bot-test-00001-001&v=0&epoch=1")]
    table.opens(3)
    table.move(2, 1, 1, "e2e4")
    assert Close(2) not in table.take()
    table.says(3, "batch", [{"t": "move", "v": 1, "d": {"ply": 1, "uci": "e2e4"}}], v=1, epoch=1)
    assert table.take()[0] == Close(2)
    assert table.ledger.tally["handovers"] == 1
    assert table.ledger.drops == []
    assert table.faults() == []


def test_a_refused_handover_is_tried_again_while_the_first_socket_serves_on() -> None:
    table = Table()
    table.sits_down("black")
    table.says(2, "serverRestart", {"delayMs": 0, "jitterMs": 0})
    table.passes(0.1)
    assert len(table.take()) == 1
    table.effects += table.player.refused(3, table.now, 2.0)
    table.passes(1.9)
    assert table.take() == []
    table.passes(1.2)
    assert isinstance(table.take()[0], Open)


def test_a_lobby_hands_over_as_well() -> None:
    table = Table()
    table.take()
    table.opens(1)
    table.says(1, "serverRestart", {"delayMs": 0, "jitterMs": 100})
    table.take()
    table.passes(0.2)
    assert table.take() == [Open(2, "/lobby/socket?sri=bot-test-00001-001")]
    table.opens(2)
    assert table.sent()[0]["t"] == "poolIn"
    table.effects += table.player.received(2, "0", table.now)
    assert table.take() == [Close(1)]


def test_silence_is_asked_and_then_given_up() -> None:
    table = Table()
    table.sits_down("black")
    table.passes(PING_AFTER_SECONDS + 4)
    assert Send(2, "null") in table.take()
    table.passes(DEAD_AFTER_SECONDS)
    assert Abandon(2) in table.take()
    assert len(table.ledger.drops) == 1


@pytest.mark.parametrize(
    "v, ply, uci, kinds",
    [
        pytest.param(2, 2, "e7e5", [], id="next"),
        pytest.param(3, 2, "e7e5", ["gap"], id="version-left-out"),
        pytest.param(1, 1, "e2e4", ["duplicate"], id="version-again"),
        pytest.param(2, 1, "e7e5", ["duplicate"], id="ply-again"),
        pytest.param(2, 3, "e7e5", ["gap"], id="ply-left-out"),
        pytest.param(2, 2, "c7c5", ["wrong move"], id="another-move"),
    ],
)
def test_broken_promises_are_noticed(v: int, ply: int, uci: str, kinds: list[str]) -> None:
    table = Table()
    table.sits_down()
    table.move(2, 1, 1, "e2e4")
    table.move(2, v, ply, uci)
    assert table.faults() == kinds


def test_an_acknowledged_move_that_is_gone_after_a_new_epoch_is_noticed() -> None:
    table = Table()
    table.sits_down()
    table.passes(2)
    table.says(2, "ack", 1)
    table.full(2, "", 0, epoch=2)
    assert "lost move" in table.faults()


def test_a_new_epoch_with_everything_in_it_is_fine() -> None:
    table = Table()
    table.sits_down()
    table.passes(2)
    table.says(2, "ack", 1)
    table.full(2, "e2e4 e7e5", 7, epoch=2)
    table.move(2, 8, 3, "g1f3")
    assert table.faults() == []


def test_a_player_that_is_asked_to_leave_plays_its_game_to_the_end() -> None:
    table = Table()
    table.sits_down("black", "e2e4 e7e5 g1f3 b8c6", 4)
    table.effects += table.player.leave(table.now)
    assert not table.player.done
    table.says(2, "endData", {"status": "resign", "winner": "white", "pgnResult": "1-0"}, v=5)
    assert table.player.done


def test_a_waiting_player_that_is_asked_to_leave_still_plays_a_game_just_made() -> None:
    table = Table()
    table.opens(1)
    table.effects += table.player.leave(table.now)
    assert table.sent()[-1] == {"t": "poolOut"}
    table.says(
        1, "redirect", {"id": "gamegamesecretsecret", "url": "/play/gamegamesecretsecret", "color": "white"}
    )
    table.passes(5)
    assert not table.player.done
    assert table.player.playing


def test_a_waiting_player_without_a_game_leaves() -> None:
    table = Table()
    table.opens(1)
    table.effects += table.player.leave(table.now)
    table.passes(3)
    assert table.player.done
    assert Close(1) in table.take()


def test_a_player_cut_while_waiting_reconnects_before_it_leaves() -> None:
    table = Table()
    table.opens(1)
    table.effects += table.player.leave(table.now)
    table.effects += table.player.closed(1, None, table.now)
    table.passes(5)
    assert not table.player.done
    table.take()
    table.opens(2)
    assert table.sent() == [{"t": "poolOut"}]
    table.passes(1)
    assert not table.player.done
    table.passes(1.5)
    assert table.player.done
