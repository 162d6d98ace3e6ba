"""Hundreds of players on one server, driven at a rate: pairing, moves that are due at a time, idle sockets. I/O only.

What a game expects next is `seats`'; the sockets are the bots'. One process runs one crowd, so that its processor time
is not the server's.
"""

import asyncio
import itertools
import math
import time
from collections.abc import Callable, Sequence

from chess_bench.bots.effects import Abandon, Close, Open, Send
from chess_bench.bots.sockets import Sockets
from chess_bench.bots.wire import Message, Redirect, decode, encode, redirect
from chess_bench.server.seats import Game, Tally

POOL = "10+5"
WAVE = 60
"""Players that come at once; even, so that none of them is left without an opponent."""
ENTER_SECONDS, SETTLE_SECONDS, FORWARD_SECONDS = 60.0, 60.0, 180.0
AGAIN = frozenset({"unavailable", "overloaded", "conflict"})
AGAIN_AFTER_SECONDS = 0.25


class CrowdError(RuntimeError):
    """The server does not do what the load needs; one line."""


class Guest:
    """One socket: its handshake, the first message of a kind, or a game's messages."""

    def __init__(self, crowd: "Crowd") -> None:
        loop = asyncio.get_running_loop()
        self.number, self._crowd = next(crowd.numbers), crowd
        self.handshake: asyncio.Future[None] = loop.create_future()
        self.awaited: asyncio.Future[Message] = loop.create_future()
        self.kind = ""
        self.seat: tuple[Game, str] | None = None

    def opened(self, _socket: int) -> None:
        """Note the handshake."""
        if not self.handshake.done():  # cancelled, where another of its wave has failed
            self.handshake.set_result(None)

    def refused(self, _socket: int, _retry_after_seconds: float | None) -> None:
        """Fail: everybody must come in."""
        if not self.handshake.done():
            self.handshake.set_exception(CrowdError("a handshake was refused"))

    def received(self, _socket: int, text: str) -> None:
        """Pass on one message."""
        message = decode(text)
        if self.seat and self.awaited.done():
            self._crowd.react(*self.seat, message, self.number)
        elif message.type == self.kind and not self.awaited.done():
            self.awaited.set_result(message)
        elif message.type == "error" and not self.awaited.done():
            self.awaited.set_exception(CrowdError(f"{message.data}"))

    def closed(self, _socket: int, code: int | None) -> None:
        """Count a cut; whoever waits for a message learns it at once."""
        self._crowd.cuts += 1
        if not self.awaited.done():
            self.awaited.set_exception(CrowdError(f"a socket was closed with {code}"))
            self.awaited.exception()  # idle sockets have nobody who waits


class Crowd:
    """All players of one process."""

    def __init__(self, host: str, port: int, lines: Sequence[Sequence[str]]) -> None:
        self.sockets = Sockets(host, port, lambda _open: None)
        self.numbers = itertools.count(1)
        self.tally = Tally()
        self.cuts = 0
        self._lines, self._begun = lines, itertools.count()
        self._games: dict[str, Game] = {}
        self._seats: dict[tuple[str, str], Guest] = {}
        self._ways: dict[tuple[str, str], Redirect] = {}
        self._due: dict[str, float] = {}
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._period, self._stop_at_ply, self._due_until = 0.0, 0, math.inf

    async def pair(self, games: int) -> list[Game]:
        """Bring that many games about, by the lobby."""
        before = set(self._games)
        for left in range(2 * games, 0, -WAVE):
            async with asyncio.timeout(ENTER_SECONDS), asyncio.TaskGroup() as group:
                for _ in range(min(WAVE, left)):
                    group.create_task(self._enter())
        return [game for game_id, game in self._games.items() if game_id not in before]

    async def idle(self, sockets: int) -> list[Guest]:
        """Open that many sockets which send nothing."""
        guests: list[Guest] = []
        for left in range(sockets, 0, -WAVE):
            wave = [Guest(self) for _ in range(min(WAVE, left))]
            for guest in wave:
                self._open(guest, f"/lobby/socket?sri=idle-{guest.number:08d}")
            async with asyncio.timeout(ENTER_SECONDS):
                await asyncio.gather(*(guest.handshake for guest in wave))
            guests += wave
        return guests

    def begin(self, games: Sequence[Game], rate: float) -> None:
        """Let these games be played at that many moves a second together, evenly spread."""
        now = time.monotonic()
        self._period, self._stop_at_ply, self._due_until = len(games) / rate, 0, math.inf
        for index, game in enumerate(games):
            self._due[game.game_id] = now + index / rate
            self._advance(game)

    async def end(self, due_until: float) -> None:
        """Make the moves that were due until then, wait for their answers, and make no others."""
        self._due_until = due_until
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
        await self._until(lambda: all(game.settled for game in self._games.values()), SETTLE_SECONDS)
        self._due.clear()

    async def forward(self, games: Sequence[Game], ply: int) -> None:
        """Play these games on to that ply, as fast as the server acknowledges."""
        self._period, self._stop_at_ply, self._due_until = 0.0, ply, math.inf
        for game in games:
            self._due[game.game_id] = time.monotonic()
            self._advance(game)
        await self._until(lambda: all(game.acked >= ply for game in games), FORWARD_SECONDS)
        await self.end(0.0)

    def react(self, game: Game, side: str, message: Message, socket: int) -> None:
        """Take a message of a running game."""
        loop = asyncio.get_running_loop()
        if message.type == "ack":
            game.acknowledge(message.data, time.monotonic())
        elif message.type == "move":
            game.relay(side, message.data["ply"])
        elif message.type == "nack":
            game.refuse(message.data["code"])
            if message.data["code"] in AGAIN:
                loop.call_later(AGAIN_AFTER_SECONDS, self._send, socket, game.again())
            return
        self._advance(game)

    @property
    def players(self) -> int:
        """How many sit in games."""
        return len(self._ways)

    def cut(self) -> None:
        """Cut every player's socket at once, without a close handshake."""
        cut = [Abandon(guest.number) for guest in self._seats.values()]
        self.sockets.carry_out(Guest(self), cut)

    async def come_back(self, within_seconds: float) -> list[float]:
        """Let every player return, evenly spread over that time, and be told how the game stands.

        Returns seconds from the moment at which each was to come until its first message; who was refused is left out.
        """
        began, ways = asyncio.get_running_loop().time(), list(self._ways.values())
        waits = await asyncio.gather(
            *(
                self._come_back(way, began + within_seconds * place / len(ways))
                for place, way in enumerate(ways)
            )
        )
        return [wait for wait in waits if wait is not None]

    async def _come_back(self, way: Redirect, due: float) -> float | None:
        loop = asyncio.get_running_loop()
        await asyncio.sleep(due - loop.time())
        try:
            async with asyncio.timeout(ENTER_SECONDS):
                await self._sit_down(way)
        except (CrowdError, TimeoutError):
            return None
        return loop.time() - due

    async def close(self) -> None:
        """Close everything."""
        for number in self.sockets.numbers:
            self.sockets.carry_out(Guest(self), [Close(number)])
        await self.sockets.drain()

    async def _until(self, condition: Callable[[], bool], seconds: float) -> None:
        """Wait for it; raises CrowdError with all that may be the reason."""
        until = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > until:
                open_games = [game for game in self._games.values() if not game.settled]
                shown = "; ".join(
                    f"{game.game_id} sent {game.sent}, acknowledged {game.acked}, relayed {game.relayed}"
                    for game in open_games[:3]
                )
                raise CrowdError(
                    f"not within {seconds:g} s: {len(open_games)} games wait for answers ({shown}); "
                    f"refused {self.tally.nacks}, {self.cuts} sockets cut"
                )
            await asyncio.sleep(0.02)

    def _advance(self, game: Game) -> None:
        """Make the next move when it is due. Only one event of each move finds that the game may go on."""
        due = self._due.get(game.game_id)
        if due is None or due >= self._due_until or game.game_id in self._timers or not game.may_move:
            return
        if self._stop_at_ply and game.sent >= self._stop_at_ply:
            return
        loop = asyncio.get_running_loop()
        if due <= time.monotonic():
            self._move(game)
        else:
            self._timers[game.game_id] = loop.call_at(due, self._move, game)

    def _move(self, game: Game) -> None:
        self._timers.pop(game.game_id, None)
        due = self._due[game.game_id] if self._period else time.monotonic()
        self._due[game.game_id] = due + self._period
        mover = self._seats[game.game_id, game.mover]
        self._send(mover.number, game.move(due))

    def _send(self, number: int, text: str) -> None:
        self.sockets.carry_out(Guest, [Send(number, text)])  # type: ignore[arg-type] # nobody owns a Send

    def _open(self, guest: Guest, path: str, token: str = "") -> None:
        self.sockets.carry_out(guest, [Open(guest.number, path, token)])

    async def _enter(self) -> None:
        lobby = Guest(self)
        lobby.kind = "redirect"
        self._open(lobby, f"/lobby/socket?sri=load-{lobby.number:08d}")
        await lobby.handshake
        self._send(lobby.number, encode("poolIn", {"id": POOL}))
        seat = redirect(await lobby.awaited)
        self.sockets.carry_out(lobby, [Close(lobby.number)])
        await self._sit_down(seat)

    async def _sit_down(self, seat: Redirect) -> None:
        if seat.game_id not in self._games:
            line = self._lines[next(self._begun) % len(self._lines)]
            self._games[seat.game_id] = Game(game_id=seat.game_id, line=line, tally=self.tally)
        self._ways[seat.game_id, seat.color] = seat
        guest = self._seats[seat.game_id, seat.color] = Guest(self)
        guest.kind, guest.seat = "full", (self._games[seat.game_id], seat.color)
        path = f"/play/{seat.game_id}" if seat.token else seat.path  # a peer or an older server gives none
        self._open(guest, f"{path}?sri=seat-{guest.number:08d}", seat.token)
        await guest.handshake
        await guest.awaited
