"""What all connected clients have in common. Each joins a link by its session (pure) to the lobby or to a room."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from time import monotonic
from typing import Any

import msgspec
import structlog

from chess_server.clients.gate import Gate
from chess_server.clients.gathering import Gathering
from chess_server.clients.lookups import Lookups
from chess_server.clients.rate_limit import Buckets, Rate
from chess_server.clients.seats import Seats
from chess_server.clients.session import Close, Effect, EnterPool, LeavePool, Send, Session, Submit
from chess_server.lobby.pools import Lobby
from chess_server.metrics import Metrics
from chess_server.play.rooms import Rooms
from chess_server.store.health import RedisTime
from chess_server.transport.link import Ending, Link
from chess_server.wire.paths import Place
from chess_server.wire.tokens import Tokens

log = structlog.get_logger(__name__)

FAULT = 1011


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """The parts of the server that clients use. `changed` is called when a client has come or gone."""

    rooms: Rooms
    tokens: Callable[[], Tokens]
    lobby: Lobby
    metrics: Metrics
    clock: RedisTime
    clients: "set[Client]"
    seats: Seats
    lookups: Lookups
    gathering: Gathering
    gates: Mapping[str, Gate]
    """How many may look for a game in the stores at the same time, by kind: `play` and `watch`."""
    entries: Buckets
    """How often each address may enter a pool."""
    changed: Callable[[], None]
    pod_uid: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One admitted request: its number on this server, the address that it came from, and whose seat it is for.

    `known`: surely of a player, who waits at no gate.
    """

    number: int
    address: str
    seat: str = ""
    known: bool = False


class Client:
    """A connected client. Subclasses join it to the lobby or to a game."""

    __slots__ = (
        "_arrival",
        "_link",
        "_services",
        "_session",
        "_spoke",
        "address",
        "asked_to_leave",
        "demands",
        "member",
        "seat",
    )
    kind = ""
    in_play = False

    def __init__(self, place: Place, rate: Rate, services: Services, visit: Visit) -> None:
        self._services = services
        self._link: Link | None = None
        self._session = Session(place, rate, monotonic())
        self.member = f"{services.pod_uid}|{visit.number}"
        self.address = visit.address
        self.seat = visit.seat
        self.demands = False
        self._spoke = False
        self._arrival: asyncio.Task[None] | None = None
        self.asked_to_leave = False

    def opened(self, link: Link) -> None:
        """Handle the completed handshake."""
        self._link = link
        self._services.clients.add(self)
        self._services.seats.opened(self, monotonic())
        self._services.metrics.connected(self.kind)
        self._services.changed()
        self._arrival = self._spawn(self._arrive())
        self._arrival.add_done_callback(self._arrived)

    def text(self, message: bytes) -> None:
        """Handle a message."""
        self._services.metrics.messages.inc()
        if not self._spoke:
            self._spoke = True
            self._services.seats.spoke(self)
            self._services.changed()
        self._carry_out(self._session.receive(message, monotonic()))

    def control(self) -> None:
        """Handle a frame that ends no message."""
        self._carry_out(self._session.control(monotonic()))

    def _carry_out(self, effects: list[Effect]) -> None:
        for effect in effects:
            if isinstance(effect, Send):
                self.answer(effect.frame)
            elif isinstance(effect, Close):
                self.close(effect.code, effect.reason, "policy")
            else:
                self._do(effect)

    def closed(self, ending: Ending) -> None:
        """Handle the end of the socket."""
        self._link = None
        self._services.clients.discard(self)
        self._services.seats.closed(self)
        self._services.metrics.disconnected(ending.cause, ending.code, abnormally=ending.cause in ABNORMAL)
        self._services.changed()
        self._stop_arriving()
        _run(_logged(self._depart()))  # to its end, though the client is gone

    def answer(self, frame: bytes) -> None:
        """Send the answer to a message of this client's. Every refusal comes by here, and is counted by its code."""
        code = refusal(frame)
        if code is not None:
            self._services.metrics.rejections.labels(code).inc()
        self.send(frame)

    def send(self, frame: bytes) -> None:
        """Send a frame."""
        if self._link is not None:
            self._link.send(frame)

    def close(self, code: int, reason: str, cause: str) -> None:
        """Close the socket."""
        if self._link is not None:
            self._link.close(code, reason, cause)

    @property
    def _lag_ms(self) -> int:
        return 0 if self._link is None else self._link.lag_ms

    def _arrived(self, _arrival: asyncio.Task[None]) -> None:
        self._arrival = None  # a finished task is as large as the client

    def _stop_arriving(self) -> None:
        if self._arrival is not None:
            self._arrival.cancel()

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        return _run(self._guarded(work))

    async def _guarded(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except asyncio.CancelledError:
            raise
        except Exception:
            log.exception("a client's task failed", member=self.member)
            self.close(FAULT, "fault in the server", "fault")

    async def _arrive(self) -> None:
        raise NotImplementedError

    def _do(self, effect: Submit | EnterPool | LeavePool) -> None:
        raise NotImplementedError

    async def _depart(self) -> None:
        raise NotImplementedError


REFUSALS = (b'{"t":"nack"', b'{"t":"error"')


class _Reason(msgspec.Struct):
    code: str


class _RefusalFrame(msgspec.Struct):
    d: _Reason


_decode_refusal = msgspec.json.Decoder(_RefusalFrame).decode


def refusal(frame: bytes) -> str | None:
    """Return the code of a nack or an error; None for any other frame."""
    return _decode_refusal(frame).d.code if frame.startswith(REFUSALS) else None


ABNORMAL = frozenset({"cut", "full", "idle", "slow_reader", "drain_deadline", "stopped", "fault"})
"""Causes of closes that are neither the client's doing nor a completed handover."""

_running: set[asyncio.Task[None]] = set()
"""What runs for clients, also for those that are gone: asyncio keeps no task alive, and a set each would cost more."""


def _run(work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
    task = asyncio.get_running_loop().create_task(work)
    _running.add(task)
    task.add_done_callback(_running.discard)
    return task


async def _logged(work: Coroutine[Any, Any, None]) -> None:
    try:
        await work
    except Exception:
        log.exception("a departure failed")
