"""Players by docs/protocol.md, and the lobby that pairs them."""

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import msgspec
import pytest
import traffic
from offered import offering
from websockets.asyncio.client import ClientConnection, connect

from chess_server.wire import messages

DEADLINE = 60.0
_numbers = count(1)


def checked(raw: str | bytes) -> Any:
    """A frame as JSON, after a look whether docs/protocol.md's schema knows it, and every member of it."""
    frame = json.loads(raw)
    if frame != 0:
        traffic.from_server(frame)
        message = msgspec.json.decode(raw, type=messages.AnyMessage)
        assert json.loads(msgspec.json.encode(message)) == frame, f"not in the schema: {raw!r}"
    return frame


@dataclass
class Player:
    """A player by docs/protocol.md: keeps `v` and `epoch`, and checks that no event is missing or sent twice.

    Without a `token` it plays by the path of older clients.
    """

    full_id: str
    color: str
    server: Any
    sri: str
    token: str | None = None
    connection: type[ClientConnection] = ClientConnection
    v: int = -1
    epoch: int = -1
    a: int = 0
    socket: ClientConnection | None = None
    events: list[dict] = field(default_factory=list)
    snapshots: list[dict] = field(default_factory=list)
    others: list[dict] = field(default_factory=list)
    pongs: int = 0
    acked: set[int] = field(default_factory=set)
    nacked: dict[int, dict] = field(default_factory=dict)

    @property
    def game_id(self) -> str:
        return self.full_id[:8]

    async def connect(self, server: Any | None = None, *, resume: bool = True) -> "Player":
        self.server = server or self.server
        held = f"&v={self.v}&epoch={self.epoch}" if resume and self.v >= 0 else ""
        place = self.game_id if self.token else self.full_id
        self.socket = await connect(
            f"{self.server.ws}/play/{place}?sri={self.sri}{held}",
            subprotocols=offering(self.token) if self.token else None,
            compression=None,
            proxy=None,
            create_connection=self.connection,
        )
        before = len(self.snapshots)
        await self._until(lambda: len(self.snapshots) > before, "full or batch")
        return self

    async def send(self, kind: str, **data: object) -> None:
        assert self.socket is not None
        message = {"t": kind, "d": data} if data else {"t": kind}
        traffic.from_client(message)
        await self.socket.send(json.dumps(message))

    async def move(self, uci: str, *, a: int | None = None, seconds: float = DEADLINE) -> int:
        """Move, and wait for the acknowledgement."""
        a = await self.try_move(uci, a=a)
        await self._until(lambda: a in self.acked or a in self.nacked, f"answer to {uci}", seconds)
        assert a in self.acked, self.nacked.get(a)
        return a

    async def try_move(self, uci: str, *, a: int | None = None) -> int:
        if a is None:
            self.a += 1
            a = self.a
        await self.send("move", u=uci, a=a)
        return a

    async def persist(self, uci: str, seconds: float = DEADLINE) -> int:
        """Move, and send the same again until it is acknowledged."""
        a = await self.try_move(uci)
        until = time.monotonic() + seconds
        while a not in self.acked:
            assert time.monotonic() < until, f"{uci} not acknowledged: {self.nacked.get(a)}"
            with contextlib.suppress(TimeoutError):
                await self._until(lambda: a in self.acked or a in self.nacked, uci, 2.5)
            if self.nacked.pop(a, None) is not None:
                await asyncio.sleep(0.5)
            if a not in self.acked:
                await self.try_move(uci, a=a)
        return a

    async def answer_to(self, a: int) -> dict:
        await self._until(lambda: a in self.acked or a in self.nacked, f"answer to {a}")
        return self.nacked.get(a, {"ack": a})

    async def until(self, kind: str, seconds: float = DEADLINE) -> dict:
        """The data of the first event or message of a kind, also if it has come before."""
        found: list[dict] = []

        def there() -> bool:
            found.extend(frame for frame in self.events + self.others if frame["t"] == kind)
            return bool(found)

        await self._until(there, kind, seconds)
        return found[0]["d"]

    async def until_told(self, kind: str, data: dict, seconds: float = DEADLINE) -> None:
        """Wait for a message with just this data, whatever others of its kind came before."""
        await self._until(lambda: data in self.told(kind), f"{kind} {data}", seconds)

    def told(self, kind: str) -> list[dict]:
        """The data of every message of a kind that is no event."""
        return [frame["d"] for frame in self.others if frame["t"] == kind]

    async def until_ply(self, ply: int, seconds: float = DEADLINE) -> None:
        await self._until(lambda: self.ply >= ply, f"ply {ply}", seconds)

    @property
    def ply(self) -> int:
        known = [frame["d"]["ply"] for frame in self.events if frame["t"] == "move"]
        known += [frame["d"]["ply"] for frame in self.snapshots if frame["t"] == "full"]
        return max(known, default=0)

    async def _until(self, condition: Any, what: str, seconds: float = DEADLINE) -> None:
        try:
            async with asyncio.timeout(seconds):
                while not condition():
                    self._take(checked(await self.socket.recv()))
        except TimeoutError:
            raise TimeoutError(f"{self.color} waited {seconds} s for {what}") from None

    async def drain_socket(self, seconds: float = 0.2) -> None:
        """Receive what comes within a short time."""
        with contextlib.suppress(TimeoutError):
            await self._until(lambda: False, "", seconds)

    def _take(self, frame: dict) -> None:
        if frame == 0:
            self.pongs += 1
            return
        kind = frame["t"]
        if kind == "full":
            self.v, self.epoch = frame["v"], frame["epoch"]
            self.snapshots.append(frame)
        elif kind == "batch":
            for event in frame["d"]:
                self._happened(event)
            assert (self.v, self.epoch) == (frame["v"], frame["epoch"])
            self.snapshots.append(frame)
        elif "v" in frame:
            self._happened(frame)
        elif kind == "ack":
            self.acked.add(frame["d"])
        elif kind == "nack":
            self.nacked[frame["d"]["a"]] = frame["d"]
        else:
            self.others.append(frame)

    def _happened(self, event: dict) -> None:
        assert event["v"] == self.v + 1, f"gap or repetition: had {self.v}, got {event}"
        self.v = event["v"]
        self.events.append(event)

    async def close(self) -> None:
        if self.socket is not None:
            await self.socket.close()


def key_of(sri: str) -> str:
    """The key of a test's client."""
    return f"the-key-of-{sri}"


class Lobby:
    """Pairs test players by the real lobby."""

    def __init__(self) -> None:
        self.players: list[Player] = []
        self.sockets: list[ClientConnection] = []

    async def enter(
        self, server: Any, pool: str | None = "10+5", sri: str | None = None, key: str | None = None
    ) -> tuple:
        """Wait in a pool, under a key of the client's own unless `key` is another or empty."""
        sri = sri or f"test-{next(_numbers):08d}"
        socket = await connect(f"{server.ws}/lobby/socket?sri={sri}", compression=None, proxy=None)
        self.sockets.append(socket)
        if pool is not None:
            key = key_of(sri) if key is None else key
            data = {"id": pool, "key": key} if key else {"id": pool}
            message = {"t": "poolIn", "d": data}
            traffic.from_client(message)
            await socket.send(json.dumps(message))
        return sri, socket

    async def redirected(self, socket: ClientConnection, seconds: float = DEADLINE) -> dict:
        async with asyncio.timeout(seconds):
            while True:
                frame = checked(await socket.recv())
                if frame["t"] == "redirect":
                    return frame["d"]

    async def follow(self, server: Any, redirect: dict) -> Player:
        """Join the game that a redirect names."""
        player = Player(redirect["id"], redirect["color"], server, f"test-{next(_numbers):08d}")
        self.players.append(player)
        return await player.connect()

    async def pair(self, one: Any, other: Any, pool: str = "10+5") -> tuple[Player, Player]:
        """Two joined players, White first."""
        entered = [(server, *await self.enter(server, pool)) for server in (one, other)]
        made = []
        for server, sri, waiting in entered:
            found = await self.redirected(waiting)
            made.append(await Player(found["id"], found["color"], server, sri, found["token"]).connect())
            await waiting.close()
        self.players += made
        white, black = sorted(made, key=lambda player: player.color, reverse=True)
        assert (white.color, black.color) == ("white", "black")
        return white, black

    async def close(self) -> None:
        for player in self.players:
            await player.close()
        for entered in self.sockets:
            await entered.close()


@pytest.fixture
async def lobby() -> AsyncIterator[Lobby]:
    made = Lobby()
    yield made
    await made.close()
