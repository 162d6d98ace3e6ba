"""A bot player: lobby, game, lobby again, until it is asked to leave. Pure: `sockets` carries out its effects.

It does what a good client does: it resends what was not answered, hands over when its pod drains, reconnects with
jitter after a cut, and notes in the ledger what happened.
"""

from collections.abc import Callable, Iterator, Sequence
from random import Random

from chess_bench.bots import wire
from chess_bench.bots.board import Board
from chess_bench.bots.connection import Connection
from chess_bench.bots.effects import Effect, Open, Send
from chess_bench.bots.games import Game, pick
from chess_bench.bots.ledger import Ledger
from chess_bench.bots.pace import Pace
from chess_bench.bots.wire import Message, WireError

POOL = "10+5"
RESEND_AFTER_SECONDS = 2.5
RETRY_NACK_SECONDS = 1.0
LEAVE_AFTER_SECONDS = 2.0  # a redirect that was sent before the server read poolOut still counts


class Player:
    """One player, as a state machine."""

    def __init__(
        self,
        name: str,
        games: Sequence[Game],
        pace: Pace,
        rng: Random,
        ledger: Ledger,
        numbers: Iterator[int],
    ) -> None:
        self.name = name
        self.done = False
        self.leaving = False
        self.board: Board | None = None
        self.connection: Connection | None = None
        self._games, self._pace, self._rng, self._ledger, self._numbers = games, pace, rng, ledger, numbers
        self._sri = name
        self._visits = 0
        self._pool_out_sent = False
        self._waiting = False  # poolIn was sent: the server may already have paired this player
        self._due: dict[str, float] = {}

    @property
    def playing(self) -> bool:
        """Whether it is in a game."""
        return self.board is not None

    @property
    def connected(self) -> bool:
        """Whether its main socket is open."""
        return bool(self.connection and self.connection.main and self.connection.main.is_open)

    @property
    def whereabouts(self) -> str:
        """One line on where the player is, to find out why it does not leave."""
        socket = "connected" if self.connected else "not connected"
        if not self.board:
            return f"lobby, {socket}"
        board, wanted = self.board, self.board.pending or self.board.next_action()
        plies = f"{len(board.moves)} of {len(board.game.moves)} plies"
        return f"game {board.game_id} as {board.color}, {socket}, v {board.v}, {plies}, wants {wanted}"

    @property
    def wake_at(self) -> float | None:
        """When `tick` must be called next; None: not before something happens."""
        due = [*self._due.values(), *(self.connection.due.values() if self.connection else ())]
        return min(due, default=None)

    def start(self, now: float) -> list[Effect]:
        """Go to the lobby."""
        self._visits += 1
        self._sri = f"{self.name}-{self._visits:03d}"
        self._waiting, self.board = False, None
        self.connection = self._new_connection(
            "lobby", lambda number: Open(number, f"/lobby/socket?sri={self._sri}")
        )
        return self.connection.connect(now)

    def leave(self, now: float) -> list[Effect]:
        """Finish the current game, and start no other."""
        self.leaving = True
        if self.done or self.playing:
            return []
        if not self._waiting or not self.connection:
            return self._finish()
        return self._leave_pool(now)

    def opened(self, socket: int, now: float) -> list[Effect]:
        """Take a completed handshake."""
        connection = self._connection_of(socket)
        if not connection:
            return []
        effects = connection.opened(socket, now)
        if self.board:
            return effects
        connection.caught_up(now)
        if self.leaving:
            return [*effects, *self._leave_pool(now)]
        self._waiting = True
        return [
            *effects,
            Send(socket, wire.encode("poolIn", {"id": POOL, "key": self._key()})),
            Send(socket, wire.PING),
        ]

    def _key(self) -> str:
        """Return what shows that a wait is this player's; a real client draws it by chance."""
        return f"the-key-of-{self._sri}"

    def refused(self, socket: int, now: float, retry_after_seconds: float | None) -> list[Effect]:
        """Take a failed handshake."""
        connection = self._connection_of(socket)
        if connection and self.board and retry_after_seconds is None:
            self.board.token = ""  # a server that does not take it: the path does without
        return connection.refused(socket, now, retry_after_seconds) if connection else []

    def closed(self, socket: int, code: int | None, now: float) -> list[Effect]:
        """Take the end of a socket that this player did not close."""
        connection = self._connection_of(socket)
        return connection.closed(socket, code, now) if connection else []

    def received(self, socket: int, text: str, now: float) -> list[Effect]:
        """Take one frame."""
        connection = self._connection_of(socket)
        if not connection:
            return []
        try:
            message = wire.decode(text)
            return [*connection.received(socket, now), *self._react(connection, socket, message, now)]
        except (WireError, KeyError, TypeError, AttributeError) as error:
            self._ledger.fault(now, self.name, "unreadable", f"{error!r} in {text[:120]}")
            return []

    def tick(self, now: float) -> list[Effect]:
        """Do what is due."""
        effects = self.connection.tick(now) if self.connection else []
        for key in [key for key, at in self._due.items() if at <= now]:
            del self._due[key]
            effects += self._act(key, now)
        return effects

    def cut(self, now: float) -> list[Effect]:
        """Cut the connection from this side, as a fault test wants it; it does not count as a drop."""
        return self.connection.sever(now) if self.connection else []

    def _react(self, connection: Connection, socket: int, message: Message, now: float) -> list[Effect]:
        if message.type == "serverRestart":
            connection.restart(now, message.data["delayMs"] / 1000, message.data["jitterMs"] / 1000)
            return []
        if self.board:
            return self._react_at_board(self.board, connection, socket, message, now)
        if message.type == "redirect":
            return self._join_game(wire.redirect(message), now)
        if message.type == "error":
            self._ledger.fault(now, self.name, "error", f"lobby: {message.data}")
        return []

    def _react_at_board(
        self, board: Board, connection: Connection, socket: int, message: Message, now: float
    ) -> list[Effect]:
        effects: list[Effect] = []
        if message.type == "ack":
            self._acknowledged(board, message.data, now)
        elif message.type == "nack":
            self._nacked(board, message, now)
        elif board.receive(socket, message):
            connection.caught_up(now, faultless=not board.faults)
            effects += self._resend(now)
        for fault in board.faults:
            self._ledger.fault(now, self.name, fault.kind, fault.detail)
        board.faults.clear()
        if board.ended:
            return [*effects, *self._leave_game(board, now)]
        self._schedule_action(board, now)
        return effects

    def _acknowledged(self, board: Board, a: int, now: float) -> None:
        action = board.acknowledge(a)
        if not action:
            return
        self._due.pop("resend", None)
        if action.ply:
            self._pace.observe(now - action.sent_at)
            self._ledger.acknowledged(self.name, board.game_id, action.ply, action.uci, now - action.sent_at)

    def _nacked(self, board: Board, message: Message, now: float) -> None:
        code = message.data["code"]
        self._ledger.nacked(code)
        if board.reject(message.data["a"], code, message.data.get("message", "")):
            self._due["resend"] = now + RETRY_NACK_SECONDS * self._rng.uniform(0.8, 1.5)
        elif not board.pending:
            self._due.pop("resend", None)

    def _schedule_action(self, board: Board, now: float) -> None:
        if "act" not in self._due and board.next_action():
            self._due["act"] = now + self._pace.think(self._rng)

    def _act(self, key: str, now: float) -> list[Effect]:
        if key == "resend":
            return self._resend(now)
        if key == "leave":
            return self._leave_if_unpaired(now)
        if key == "rest":
            return self._finish() if self.leaving else self.start(now)
        action = self.board.next_action() if self.board else None
        if not self.board or not action:
            return []
        self.board.begin(action).sent_at = now
        return self._resend(now)

    def _leave_if_unpaired(self, now: float) -> list[Effect]:
        """Leave, but only while connected: this player may have been paired meanwhile."""
        if self.playing:
            return []
        if self.connected and self._pool_out_sent:
            return self._finish()
        return self._leave_pool(now)

    def _leave_pool(self, now: float) -> list[Effect]:
        self._due["leave"] = now + LEAVE_AFTER_SECONDS
        self._pool_out_sent = self.connected
        sockets = self.connection.sockets if self.connection else ()
        return [
            Send(socket.number, wire.encode("poolOut", {"key": self._key()}))
            for socket in sockets
            if socket.is_open
        ]

    def _resend(self, now: float) -> list[Effect]:
        action = self.board.pending if self.board else None
        if not action or not self.connection:
            return []
        self._due["resend"] = now + RESEND_AFTER_SECONDS
        if not self.connection.main or not self.connection.main.is_open:
            return []
        return [Send(self.connection.main.number, action.text())]

    def _join_game(self, to: wire.Redirect, now: float) -> list[Effect]:
        effects = self.connection.leave() if self.connection else []
        self._due.clear()
        self.board = board = Board(to, pick(self._games, to.game_id))
        self.connection = self._new_connection(
            f"play {to.game_id}", lambda number: board.door(number, self._sri)
        )
        return [*effects, *self.connection.connect(now)]

    def _leave_game(self, board: Board, now: float) -> list[Effect]:
        self._ledger.ended(self.name, board.game_id, board.game.number, board.ended or "?")
        effects = self.connection.leave() if self.connection else []
        self.board = self.connection = None
        self._due.clear()
        if self.leaving:
            return [*effects, *self._finish()]
        self._waiting = False
        self._due["rest"] = now + self._pace.rest(self._rng)
        return effects

    def _finish(self) -> list[Effect]:
        self.done = True
        self._due.clear()
        effects = self.connection.leave() if self.connection else []
        self.connection = None
        return effects

    def _connection_of(self, socket: int) -> Connection | None:
        return self.connection if self.connection and self.connection.owns(socket) else None

    def _new_connection(self, where: str, door: Callable[[int], Open]) -> Connection:
        return Connection(self.name, where, door, self._numbers, self._rng, self._ledger)
