"""A bot player: lobby, game, lobby again, until it is told to leave. Pure: the socket shell feeds it and obeys it.

Everything a person's client would do is here: resend what was not answered, hand over when the pod drains, come again
with jitter after a cut, and tell the ledger what happened.
"""

from collections.abc import Callable, Iterator, Sequence
from random import Random

from chess_bench.bots import wire
from chess_bench.bots.board import Talk
from chess_bench.bots.connection import Link
from chess_bench.bots.effects import Effect, Send
from chess_bench.bots.games import Game, pick
from chess_bench.bots.ledger import Ledger
from chess_bench.bots.pace import Pace
from chess_bench.bots.wire import Message, WireError

POOL = "10+5"
RESEND_AFTER_S = 2.5
RETRY_NACK_S = 1.0
GOODBYE_S = 2.0  # a redirect that was under way when we left the pool still counts


class Player:
    """One person at the board, as a state machine."""

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
        self.talk: Talk | None = None
        self.link: Link | None = None
        self._games, self._pace, self._rng, self._ledger, self._numbers = games, pace, rng, ledger, numbers
        self._sri = name
        self._visits = 0
        self._said_out = False
        self._waiting = False  # poolIn was sent: somebody may already be paired with us
        self._due: dict[str, float] = {}

    @property
    def playing(self) -> bool:
        """Whether it sits at a board."""
        return self.talk is not None

    @property
    def connected(self) -> bool:
        """Whether its main socket is open."""
        return bool(self.link and self.link.main and self.link.main.is_open)

    @property
    def predicament(self) -> str:
        """One line on where it sits, for those who look into why it does not leave."""
        socket = "connected" if self.connected else "not connected"
        if not self.talk:
            return f"lobby, {socket}"
        talk, wanted = self.talk, self.talk.pending or self.talk.wish()
        plies = f"{len(talk.moves)} of {len(talk.game.moves)} plies"
        return f"game {talk.game_id} as {talk.colour}, {socket}, v {talk.v}, {plies}, wants {wanted}"

    @property
    def wake_at(self) -> float | None:
        """When `tick` wants to be called."""
        due = [*self._due.values(), *(self.link.due.values() if self.link else ())]
        return min(due, default=None)

    def start(self, now: float) -> list[Effect]:
        """Go to the lobby."""
        self._visits += 1
        self._sri = f"{self.name}-{self._visits:03d}"
        self._waiting, self.talk = False, None
        self.link = self._new_link("lobby", lambda: f"/lobby/socket?sri={self._sri}")
        return self.link.connect(now)

    def leave(self, now: float) -> list[Effect]:
        """Play what is begun, and nothing after it."""
        self.leaving = True
        if self.done or self.playing:
            return []
        if not self._waiting or not self.link:
            return self._finish()
        return self._leave_pool(now)

    def opened(self, socket: int, now: float) -> list[Effect]:
        """Take a completed handshake."""
        link = self._owner(socket)
        if not link:
            return []
        effects = link.opened(socket, now)
        if self.talk:
            return effects
        link.in_step(now)
        if self.leaving:
            return [*effects, *self._leave_pool(now)]
        self._waiting = True
        return [*effects, Send(socket, wire.encode("poolIn", {"id": POOL})), Send(socket, wire.PING)]

    def refused(self, socket: int, now: float, retry_after: float | None) -> list[Effect]:
        """Take a failed handshake."""
        link = self._owner(socket)
        return link.refused(socket, now, retry_after) if link else []

    def closed(self, socket: int, code: int | None, now: float) -> list[Effect]:
        """Take the end of a socket that this player did not close."""
        link = self._owner(socket)
        return link.closed(socket, code, now) if link else []

    def received(self, socket: int, text: str, now: float) -> list[Effect]:
        """Take one frame."""
        link = self._owner(socket)
        if not link:
            return []
        try:
            message = wire.decode(text)
            return [*link.heard(socket, now), *self._react(link, socket, message, now)]
        except (WireError, KeyError, TypeError, AttributeError) as error:
            self._ledger.fault(now, self.name, "unreadable", f"{error!r} in {text[:120]}")
            return []

    def tick(self, now: float) -> list[Effect]:
        """Do what is due."""
        effects = self.link.tick(now) if self.link else []
        for key in [key for key, at in self._due.items() if at <= now]:
            del self._due[key]
            effects += self._act(key, now)
        return effects

    def cut(self, now: float) -> list[Effect]:
        """Suffer a broken connection, as a fault test wants it; nobody at the service is to blame for it."""
        return self.link.sever(now) if self.link else []

    def _react(self, link: Link, socket: int, message: Message, now: float) -> list[Effect]:
        if message.type == "serverRestart":
            link.restart(now, message.data["delayMs"] / 1000, message.data["jitterMs"] / 1000)
            return []
        if self.talk:
            return self._react_at_board(self.talk, link, socket, message, now)
        if message.type == "redirect":
            return self._sit_down(wire.redirect(message), now)
        if message.type == "error":
            self._ledger.fault(now, self.name, "error", f"lobby: {message.data}")
        return []

    def _react_at_board(
        self, talk: Talk, link: Link, socket: int, message: Message, now: float
    ) -> list[Effect]:
        effects: list[Effect] = []
        if message.type == "ack":
            self._acknowledged(talk, message.data, now)
        elif message.type == "nack":
            self._nacked(talk, message, now)
        elif talk.receive(socket, message):
            link.in_step(now, flawless=not talk.flaws)
            effects += self._resend(now)
        for flaw in talk.flaws:
            self._ledger.fault(now, self.name, flaw.kind, flaw.detail)
        talk.flaws.clear()
        if talk.ended:
            return [*effects, *self._stand_up(talk, now)]
        self._plan(talk, now)
        return effects

    def _acknowledged(self, talk: Talk, a: int, now: float) -> None:
        action = talk.acknowledge(a)
        if not action:
            return
        self._due.pop("resend", None)
        if action.ply:
            self._pace.observe(now - action.sent_at)
            self._ledger.acknowledged(now - action.sent_at)

    def _nacked(self, talk: Talk, message: Message, now: float) -> None:
        code = message.data["code"]
        self._ledger.nacked(code)
        if talk.refuse(message.data["a"], code, message.data.get("message", "")):
            self._due["resend"] = now + RETRY_NACK_S * self._rng.uniform(0.8, 1.5)
        elif not talk.pending:
            self._due.pop("resend", None)

    def _plan(self, talk: Talk, now: float) -> None:
        if "act" not in self._due and talk.wish():
            self._due["act"] = now + self._pace.think(self._rng)

    def _act(self, key: str, now: float) -> list[Effect]:
        if key == "resend":
            return self._resend(now)
        if key == "goodbye":
            return self._say_goodbye(now)
        if key == "rest":
            return self._finish() if self.leaving else self.start(now)
        wish = self.talk.wish() if self.talk else None
        if not self.talk or not wish:
            return []
        self.talk.begin(wish).sent_at = now
        return self._resend(now)

    def _say_goodbye(self, now: float) -> list[Effect]:
        """Go, but never from a broken line: somebody may have been paired with us meanwhile."""
        if self.playing:
            return []
        if self.connected and self._said_out:
            return self._finish()
        return self._leave_pool(now)

    def _leave_pool(self, now: float) -> list[Effect]:
        self._due["goodbye"] = now + GOODBYE_S
        self._said_out = self.connected
        sockets = self.link.sockets if self.link else ()
        return [Send(socket.number, wire.encode("poolOut")) for socket in sockets if socket.is_open]

    def _resend(self, now: float) -> list[Effect]:
        action = self.talk.pending if self.talk else None
        if not action or not self.link:
            return []
        self._due["resend"] = now + RESEND_AFTER_S
        if not self.link.main or not self.link.main.is_open:
            return []
        action.tries += 1
        return [Send(self.link.main.number, action.text())]

    def _sit_down(self, to: wire.Redirect, now: float) -> list[Effect]:
        effects = self.link.leave() if self.link else []
        self._due.clear()
        self.talk = talk = Talk(to.game_id, to.path, to.colour, pick(self._games, to.game_id))
        self.link = self._new_link(f"play {to.game_id}", lambda: talk.url(self._sri))
        return [*effects, *self.link.connect(now)]

    def _stand_up(self, talk: Talk, now: float) -> list[Effect]:
        self._ledger.ended(talk.game_id, talk.game.number, talk.ended or "?")
        effects = self.link.leave() if self.link else []
        self.talk = self.link = None
        self._due.clear()
        if self.leaving:
            return [*effects, *self._finish()]
        self._waiting = False
        self._due["rest"] = now + self._pace.rest(self._rng)
        return effects

    def _finish(self) -> list[Effect]:
        self.done = True
        self._due.clear()
        effects = self.link.leave() if self.link else []
        self.link = None
        return effects

    def _owner(self, socket: int) -> Link | None:
        return self.link if self.link and self.link.owns(socket) else None

    def _new_link(self, where: str, path: Callable[[], str]) -> Link:
        return Link(self.name, where, path, self._numbers, self._rng, self._ledger)
