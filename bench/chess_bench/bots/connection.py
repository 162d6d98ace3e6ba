"""A player's connection to one path, over as many sockets as it takes. Pure: socket numbers and times in, effects out.

A connection has a main socket and, while its pod drains, a spare one on another pod. The first frame on the spare
socket completes the handover, and only then is the old main socket closed. A main socket that ends by itself is a
drop; another is opened after a delay with full jitter.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random

from chess_bench.bots.effects import Abandon, Close, Effect, Open, Send
from chess_bench.bots.ledger import Ledger
from chess_bench.bots.wire import PING

BACKOFF_BASE_SECONDS = 0.5
BACKOFF_CAP_SECONDS = 8.0
PING_AFTER_SECONDS = 8.0
DEAD_AFTER_SECONDS = 24.0
LIVENESS_EVERY_SECONDS = 4.0


@dataclass(slots=True)
class Socket:
    """One WebSocket, being opened or open."""

    number: int
    is_open: bool = False
    last_frame_at: float = 0.0


class Connection:
    """Keeps one player connected to one path."""

    def __init__(
        self,
        who: str,
        where: str,
        door: Callable[[int], Open],
        numbers: Iterator[int],
        rng: Random,
        ledger: Ledger,
    ) -> None:
        self._who, self._where, self._door = who, where, door
        self._numbers, self._rng, self._ledger = numbers, rng, ledger
        self._attempts = 0
        self.main: Socket | None = None
        self.spare: Socket | None = None
        self.cut_at: float | None = None
        self.due: dict[str, float] = {}

    @property
    def sockets(self) -> tuple[Socket, ...]:
        """Every socket that belongs to this connection."""
        return tuple(socket for socket in (self.main, self.spare) if socket)

    def owns(self, number: int) -> bool:
        """Return whether this socket belongs to this connection."""
        return any(socket.number == number for socket in self.sockets)

    def connect(self, now: float) -> list[Effect]:
        """Open the main socket."""
        self.main = Socket(next(self._numbers))
        self.due["liveness"] = now + LIVENESS_EVERY_SECONDS
        return [self._door(self.main.number)]

    def opened(self, number: int, now: float) -> list[Effect]:
        """Note a completed handshake."""
        self._ledger.tally["handshakes"] += 1
        self._ledger.admitted.add(self._who)
        for socket in self.sockets:
            if socket.number == number:
                socket.is_open, socket.last_frame_at = True, now
                self._attempts = 0
        return []

    def refused(self, number: int, now: float, retry_after_seconds: float | None) -> list[Effect]:
        """Note a failed handshake, and try again later."""
        self._ledger.tally["refused"] += 1
        again = now + self._delay(retry_after_seconds)
        if self.spare and self.spare.number == number:
            self.spare, self.due["handover"] = None, again
        elif self.main and self.main.number == number:
            self.main, self.due["connect"] = None, again
        return []

    def received(self, number: int, now: float) -> list[Effect]:
        """Note a frame; the first one on the spare socket completes the handover."""
        for socket in self.sockets:
            if socket.number == number:
                socket.last_frame_at = now
        if self.spare and self.spare.number == number:
            old, self.main, self.spare = self.main, self.spare, None
            self._ledger.tally["handovers"] += 1
            self.due.pop("handover", None)
            return [Close(old.number)] if old else []
        return []

    def closed(self, number: int, code: int | None, now: float) -> list[Effect]:
        """Note a drop, and connect again later."""
        self._ledger.dropped(now, self._who, self._where, code)
        self._gone(number, now)
        return []

    def sever(self, now: float) -> list[Effect]:
        """Cut the main socket from this side."""
        if not self.main or not self.main.is_open:
            return []
        number = self.main.number
        self._gone(number, now)
        return [Abandon(number)]

    def _gone(self, number: int, now: float) -> None:
        if self.spare and self.spare.number == number:
            self.spare, self.due["handover"] = None, now + self._delay(None)
        elif self.main and self.main.number == number:
            self.cut_at = now if self.cut_at is None else self.cut_at
            self.main, self.spare = self.spare, None
            self.due.pop("handover", None)
            if not self.main:
                self.due["connect"] = now + self._delay(None)

    def restart(self, now: float, delay_seconds: float, jitter_seconds: float) -> None:
        """Schedule a handover: the pod behind the main socket drains."""
        if not self.spare and "handover" not in self.due:
            self.due["handover"] = now + delay_seconds + self._rng.uniform(0, jitter_seconds)

    def caught_up(self, now: float, *, faultless: bool = True) -> None:
        """Note that the player has everything that it missed; this ends a cut, if there was one."""
        if self.cut_at is not None and faultless:
            self._ledger.resumed(now - self.cut_at)
        self.cut_at = None

    def leave(self) -> list[Effect]:
        """Close every socket, as a client does."""
        effects: list[Effect] = [Close(socket.number) for socket in self.sockets]
        self.main = self.spare = None
        self.due.clear()
        return effects

    def tick(self, now: float) -> list[Effect]:
        """Do what is due."""
        effects: list[Effect] = []
        if self._take("connect", now) and not self.main:
            effects += self.connect(now)
        if self._take("handover", now) and self.main and not self.spare:
            self.spare = Socket(next(self._numbers))
            effects.append(self._door(self.spare.number))
        if self._take("liveness", now):
            self.due["liveness"] = now + LIVENESS_EVERY_SECONDS
            for socket in self.sockets:
                effects += self._check(socket, now)
        return effects

    def _check(self, socket: Socket, now: float) -> list[Effect]:
        silence = now - socket.last_frame_at
        if not socket.is_open or silence < PING_AFTER_SECONDS:
            return []
        if silence < DEAD_AFTER_SECONDS:
            return [Send(socket.number, PING)]
        return [Abandon(socket.number), *self.closed(socket.number, None, now)]

    def _take(self, key: str, now: float) -> bool:
        if self.due.get(key, now + 1) > now:
            return False
        del self.due[key]
        return True

    def _delay(self, retry_after_seconds: float | None) -> float:
        """Return a delay with full jitter, or the server's own delay, spread so that not all players return at once."""
        self._attempts += 1
        if retry_after_seconds is not None:
            return retry_after_seconds * self._rng.uniform(1.0, 1.5)
        return self._rng.uniform(
            0, min(BACKOFF_CAP_SECONDS, BACKOFF_BASE_SECONDS * 2.0 ** min(self._attempts, 10))
        )
