"""The game as one of its players knows it. Pure.

`receive` takes a message of the server and checks it against what this player already knows: on each socket versions
without gap or repetition, the moves of the PGN and no others, and no acknowledged move undone. `next_action` returns
what the player would do next. Every broken promise is kept in `faults`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from chess_bench.bots.effects import Open
from chess_bench.bots.games import Ending, Game
from chess_bench.bots.wire import Action, Message, Redirect

UNDECIDED_STATUS = "started"
RETRIED_NACKS = frozenset({"unavailable", "overloaded", "conflict"})
RESIGNING = {Ending.WHITE_RESIGNS: "white", Ending.BLACK_RESIGNS: "black"}


@dataclass(frozen=True, slots=True)
class BoardFault:
    """A broken promise of the protocol, or a move that the PGN does not have."""

    kind: str
    detail: str


class Board:
    """What a player knows of its game, and what it does next."""

    def __init__(self, seat: Redirect, game: Game) -> None:
        self.game_id, self.path, self.color, self.token = seat.game_id, seat.path, seat.color, seat.token
        self.game = game
        self.v: int | None = None
        self.epoch = 0
        self.moves: list[str] = []
        self.pending: Action | None = None
        self.ended: str | None = None  # the result, as soon as there is one
        self.faults: list[BoardFault] = []
        self.acknowledged_ply = 0
        self._offered_draw = False
        self._resigned = False
        self._next_a = 1
        self._socket_v: dict[int, int] = {}
        self._handlers: dict[str, Callable[[int, Message], bool]] = {
            "full": self._full,
            "batch": self._batch,
            "move": self._event,
            "drawOffer": self._event,
            "drawDeclined": self._event,
            "takebackOffer": self._event,
            "takebackDeclined": self._event,
            "clockInc": self._event,
            "endData": self._event,
            "error": self._error,
        }

    def door(self, socket: int, sri: str) -> Open:
        """Return how to connect: by the token if there is one, and with the version that the player already has."""
        known = "" if self.v is None else f"&v={self.v}&epoch={self.epoch}"
        path = f"/play/{self.game_id}" if self.token else self.path
        return Open(socket, f"{path}?sri={sri}{known}", self.token)

    def receive(self, socket: int, message: Message) -> bool:
        """Take one message; return True if the player now knows everything that it missed."""
        handler = self._handlers.get(message.type)
        return handler(socket, message) if handler else False

    def acknowledge(self, a: int) -> Action | None:
        """Take an `ack`; return the action that it answers."""
        done = self.pending
        if done is None or done.a != a:
            return None
        self.pending = None
        self.acknowledged_ply = max(self.acknowledged_ply, done.ply)
        return done

    def reject(self, a: int, code: str, text: str) -> bool:
        """Take a `nack`; return True if the same action should be sent again."""
        if self.pending is None or self.pending.a != a:
            return False
        if code in RETRIED_NACKS:
            return True
        action, self.pending = self.pending, None
        crossed = code == "game_over" or (action.type == "draw-yes" and code == "no_draw")
        if not crossed and not (action.ply and len(self.moves) >= action.ply):
            self._fault("refused", f"{action.type} {action.uci} a={a}: {code}: {text}")
        return False

    def next_action(self) -> Action | None:
        """Return what this player would send now; None while it has to wait."""
        known = len(self.moves)
        if self.ended or self.pending or self.v is None or known < self.acknowledged_ply:
            return None
        if known < len(self.game.moves):
            return Action(0, "move", known + 1, self.game.moves[known]) if self._to_move(known) else None
        return self._ending()

    def begin(self, action: Action) -> Action:
        """Give an action its number and keep it until it is answered."""
        action.a, self._next_a = self._next_a, self._next_a + 1
        self._offered_draw |= action.type == "draw-yes"
        self._resigned |= action.type == "resign"
        self.pending = action
        return action

    def _ending(self) -> Action | None:
        ending = self.game.ending
        if RESIGNING.get(ending) == self.color and not self._resigned:
            return Action(0, "resign")
        if ending is Ending.DRAW_AGREED and not self._offered_draw:
            return Action(0, "draw-yes")
        return None

    def _to_move(self, plies: int) -> bool:
        return self.color == ("black" if plies % 2 else "white")

    def _full(self, socket: int, message: Message) -> bool:
        data = message.data
        moves = data["moves"].split()
        self._socket_v[socket] = message.v or 0
        if self.v is not None and message.epoch == self.epoch and (message.v or 0) < self.v:
            return True  # the other socket of a handover was faster
        if moves[: len(self.moves)] != self.moves:
            self._fault("rolled back", f"knew {len(self.moves)} plies, got {len(moves)}: {moves[-3:]}")
        if len(moves) < self.acknowledged_ply:
            self._fault("lost move", f"ply {self.acknowledged_ply} was acknowledged, got {len(moves)} plies")
        self._compare(moves)
        self.moves, self.v, self.epoch = moves, message.v, message.epoch or 0
        if data["status"] != UNDECIDED_STATUS:
            self._end(data["status"], data.get("pgnResult"))
        return True

    def _batch(self, socket: int, message: Message) -> bool:
        events = [Message(item["t"], item.get("d"), item.get("v")) for item in message.data]
        if self.v is None or (message.epoch or 0) != self.epoch:
            self._fault("gap", f"batch of epoch {message.epoch} while at epoch {self.epoch}, v {self.v}")
        self._socket_v.setdefault(socket, (events[0].v or 0) - 1 if events else message.v or 0)
        if events and self.v is not None and (events[0].v or 0) > self.v + 1:
            self._fault("gap", f"batch begins with v {events[0].v} after {self.v}")
        for event in events:
            self._event(socket, event)
        if self.v != message.v and (message.v or 0) > (self.v or 0):
            self._fault("gap", f"batch ends at v {self.v}, its header has {message.v}")
        return True

    def _event(self, socket: int, message: Message) -> bool:
        v, before = message.v or 0, self._socket_v.get(socket)
        if before is None:
            self._fault("gap", f"{message.type} v {v} before anything else on this socket")
        elif v <= before:
            self._fault("duplicate", f"{message.type} v {v} again after v {before}")
            return False
        elif v > before + 1:
            self._fault("gap", f"{message.type} v {v} after v {before}")
        self._socket_v[socket] = v
        if self.v is None or v > self.v:  # otherwise the other socket of a handover has delivered it
            self.v = v
            self._apply(message.type, message.data)
        return False

    def _apply(self, kind: str, data: dict[str, Any]) -> None:
        if kind == "move":
            if data["ply"] != len(self.moves) + 1:
                self._fault("gap" if data["ply"] > len(self.moves) else "duplicate", f"ply {data['ply']}")
            self.moves.append(data["uci"])
            self._compare(self.moves[-1:], len(self.moves) - 1)
        elif kind == "endData":
            self._end(data["status"], data.get("pgnResult"))

    def _error(self, socket: int, message: Message) -> bool:
        code = message.data.get("code")
        self._fault("error", f"{code}: {message.data.get('message')} (socket {socket})")
        if code == "no_such_game":
            self.ended = "?"
        return False

    def _compare(self, moves: list[str], offset: int = 0) -> None:
        wanted = list(self.game.moves[offset : offset + len(moves)])
        if moves != wanted:
            self._fault("wrong move", f"from ply {offset + 1}: {moves[-3:]}, the PGN has {wanted[-3:]}")

    def _end(self, status: str, result: str | None) -> None:
        if self.ended:
            return
        self.ended, self.pending = result or "?", None
        if len(self.moves) != len(self.game.moves):
            self._fault(
                "ended early", f"{status} {result} after {len(self.moves)} of {len(self.game.moves)} plies"
            )
        elif result != self.game.result or status != self.game.status:
            self._fault(
                "wrong end", f"{status} {result}, the PGN has {self.game.result} ({self.game.ending.value})"
            )

    def _fault(self, kind: str, detail: str) -> None:
        self.faults.append(BoardFault(kind, f"{self.game_id} {self.color}: {detail}"))
