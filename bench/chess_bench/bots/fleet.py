"""A fleet of bot players on one address: `async with Fleet("127.0.0.1", 30080, games, players=60) as fleet`.

The demo lets players join and leave in waves; the fault tests break things under them. `finish` asks every player to
leave after the current game, waits until its deadline and reports; a player that is still there then is lost.
"""

import asyncio
import itertools
import random
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Self

from chess_bench.bots.effects import Effect
from chess_bench.bots.games import Game
from chess_bench.bots.ledger import Counts, Ledger, Report
from chess_bench.bots.pace import Pace
from chess_bench.bots.player import Player
from chess_bench.bots.sockets import Sockets


class _Seat:
    """One player with its timer."""

    def __init__(self, player: Player, fleet: "Fleet") -> None:
        self.player, self._fleet = player, fleet
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        self._do(self.player.start)

    def leave(self) -> None:
        self._do(self.player.leave)

    def cut(self) -> None:
        self._do(self.player.cut)

    def opened(self, socket: int) -> None:
        self._do(lambda now: self.player.opened(socket, now))

    def refused(self, socket: int, retry_after_seconds: float | None) -> None:
        self._do(lambda now: self.player.refused(socket, now, retry_after_seconds))

    def received(self, socket: int, text: str) -> None:
        self._do(lambda now: self.player.received(socket, text, now))

    def closed(self, socket: int, code: int | None) -> None:
        self._do(lambda now: self.player.closed(socket, code, now))

    def cancel_timer(self) -> None:
        if self._timer:
            self._timer.cancel()

    def _tick(self) -> None:
        self._timer = None
        self._do(self.player.tick)

    def _do(self, step: Callable[[float], list[Effect]]) -> None:
        loop = asyncio.get_running_loop()
        self._fleet.sockets.carry_out(self, step(loop.time()))
        if self._timer:
            self._timer.cancel()
        wake_at = self.player.wake_at
        self._timer = loop.call_at(wake_at, self._tick) if wake_at is not None else None
        if self.player.done:
            self._fleet.changed.set()


class Fleet:
    """Hundreds of players, with one pace and one ledger; `counted` takes the open connections at each change."""

    def __init__(
        self,
        host: str,
        port: int,
        games: Sequence[Game],
        *,
        players: int = 0,
        pace: Pace | None = None,
        seed: int = 1,
    ) -> None:
        self.pace = pace or Pace()
        self.ledger = Ledger()
        self.counted: Callable[[int], None] = lambda _open: None
        self.sockets = Sockets(host, port, self._count)
        self.changed = asyncio.Event()
        self._games, self._first = games, players
        self._rng = random.Random(seed)
        self._run = f"{random.SystemRandom().getrandbits(32):08x}"
        self._numbers = itertools.count(1)
        self._seats: list[_Seat] = []

    async def __aenter__(self) -> Self:
        await self.join(self._first)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for seat in self._seats:
            seat.cancel_timer()
        await self.sockets.drain()

    async def join(self, players: int, *, over_seconds: float = 0.0) -> None:
        """Add players, spread over that time."""
        for index in range(players):
            self._seats.append(self._seat())
            self._seats[-1].start()
            if over_seconds and index + 1 < players:
                await asyncio.sleep(over_seconds / players)

    def leave(self, players: int | None = None) -> int:
        """Ask that many (or all) of those who stay to leave after their current game; return how many were asked."""
        staying = [seat for seat in self._seats if not seat.player.leaving]
        going = staying if players is None else self._some_of(staying, players)
        for seat in going:
            seat.leave()
        return len(going)

    def _some_of(self, staying: list[_Seat], players: int) -> list[_Seat]:
        """Choose by chance, those first who have played: nobody goes without a game as long as others can."""
        self._rng.shuffle(staying)
        return sorted(staying, key=lambda seat: not self.ledger.has_played(seat.player.name))[:players]

    def cut(self, players: int) -> int:
        """Cut the connections of that many players from this side, as a bad network would; return how many were cut."""
        connected = [seat for seat in self._seats if seat.player.connected]
        unlucky = self._rng.sample(connected, min(players, len(connected)))
        for seat in unlucky:
            seat.cut()
        return len(unlucky)

    @property
    def counts(self) -> Counts:
        """The current figures."""
        players = [seat.player for seat in self._seats]
        left = sum(player.done for player in players)
        playing = sum(player.playing for player in players)
        live = Counts(
            players=len(players),
            connections=self.sockets.open,
            waiting=len(players) - left - playing,
            playing=playing,
            left=left,
        )
        return self.ledger.counts(live)

    async def finish(self, deadline_seconds: float = 120.0) -> Report:
        """Let every player end its current game and leave; report on the whole run."""
        self.leave()
        try:
            async with asyncio.timeout(deadline_seconds):
                await self.settled()
        except TimeoutError:
            pass
        return self.report()

    async def settled(self) -> None:
        """Wait until all who were asked to leave have left."""
        while any(seat.player.leaving and not seat.player.done for seat in self._seats):
            self.changed.clear()
            await self.changed.wait()

    def report(self) -> Report:
        """Report on the run so far; players who were asked to leave and have not left count as lost."""
        stranded = {
            s.player.name: s.player.whereabouts for s in self._seats if s.player.leaving and not s.player.done
        }
        return self.ledger.report(self.counts, (seat.player.name for seat in self._seats), stranded)

    def _seat(self) -> _Seat:
        name = f"bot-{self._run}-{len(self._seats) + 1:05d}"
        rng = random.Random(self._rng.getrandbits(64))
        return _Seat(Player(name, self._games, self.pace, rng, self.ledger, self._numbers), self)

    def _count(self, connections: int) -> None:
        self.counted(connections)
