"""One bot player at a table: what the server sends it, how time passes for it, and what it does."""

import itertools
import json
import random
from typing import Any

from chess_bench.bots import games
from chess_bench.bots.effects import Effect, Send
from chess_bench.bots.ledger import Ledger
from chess_bench.bots.pace import Pace
from chess_bench.bots.player import Player

SHORT = games.parse("1. e4 e5 2. Nf3 Nc6 1-0").games
MATE = games.parse("1. f3 e5 2. g4 Qh4# 0-1").games
DRAW = games.parse("1. e4 e5 1/2-1/2").games


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

    def receives(self, socket: int, kind: str, data: object = None, **rest: object) -> None:
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
        self.receives(
            1,
            "redirect",
            {"id": "gamegamesecretsecret", "url": "/play/gamegamesecretsecret", "color": color},
        )
        self.take()
        self.opens(2)
        self.full(2, moves, v)

    def full(self, socket: int, moves: str, v: int, epoch: int = 1, **more: object) -> None:
        self.receives(socket, "full", {"moves": moves, "status": "started", **more}, v=v, epoch=epoch)

    def move(self, socket: int, v: int, ply: int, uci: str) -> None:
        self.receives(socket, "move", {"ply": ply, "uci": uci}, v=v)

    def faults(self) -> list[str]:
        return [fault.kind for fault in self.ledger.faults]
