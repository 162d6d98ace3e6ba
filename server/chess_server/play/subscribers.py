"""The sockets at a game on this server, and what has been sent to each.

Each has its own `v` and `epoch`. So every event is sent once and in order, also if it was published twice or late, or
missed.
"""

from dataclasses import dataclass

from chess_server.game.color import OTHER, Color
from chess_server.game.shared import Crowd, Held, age
from chess_server.play.channel import Happened
from chess_server.wire import frames
from chess_server.wire.frames import Sender


@dataclass(slots=True, eq=False)
class Subscriber:
    """A socket at a game: a player's or a spectator's."""

    sender: Sender
    color: Color
    player: bool
    member: str
    """Pod and number of the socket."""
    v: int = 0
    epoch: int = 0
    """The version up to which it has been sent everything."""
    seated: bool = False
    """Whether it has taken a seat in Redis."""
    absence_sent: str = ""
    """The last message about its opponent's absence: none, `gone` or `claimable`."""

    @property
    def entry(self) -> str:
        """Its member among the game's seats in Redis."""
        return f"{self.color[0]}|{self.member}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """Time spent on this turn, and how long until each absence may be claimed; None for a player who is connected."""

    elapsed_ms: int
    left_ms: dict[Color, float | None]


class Subscribers:
    """The sockets at one game."""

    def __init__(self) -> None:
        self.all: set[Subscriber] = set()

    @property
    def players(self) -> list[Subscriber]:
        """The players among them."""
        return [subscriber for subscriber in self.all if subscriber.player]

    def publish(self, happened: Happened) -> bool:
        """Send events to each socket that has all before them; False if a socket has missed an earlier one."""
        for v, frame in enumerate(happened.frames, happened.first):
            for subscriber in self.all:
                if subscriber.epoch == happened.epoch and subscriber.v == v - 1:
                    subscriber.v = v
                    subscriber.sender.send(frame)
        return not self.behind(happened.epoch, happened.last)

    def behind(self, epoch: int, v: int) -> bool:
        """Whether a socket has not been sent everything up to a version."""
        return any((subscriber.epoch, subscriber.v) < (epoch, v) for subscriber in self.all)

    def welcome(self, subscriber: Subscriber, held: Held, missed: list[bytes] | None, timing: Timing) -> None:
        """Add a socket and send its first message: the events in `missed`, or the whole game if that is None.

        Events say what was: after them come the clock and who is connected, as of now.
        """
        subscriber.v, subscriber.epoch = held.game.v, held.game.epoch
        if missed is None:
            subscriber.sender.send(_full(subscriber, held, timing))
        else:
            subscriber.sender.send(frames.batch(held.game.v, held.game.epoch, missed))
            subscriber.sender.send(frames.clock(held.game, timing.elapsed_ms))
            _send_presence(subscriber, held, timing)
        self.all.add(subscriber)

    def catch_up(
        self, subscriber: Subscriber, held: Held, missed: list[bytes] | None, timing: Timing
    ) -> None:
        """Bring a socket up to date: by the last events of `missed`, or by the whole game if that is None."""
        if (subscriber.epoch, subscriber.v) >= age(held) and subscriber.epoch == held.game.epoch:
            return
        if missed is None:
            subscriber.sender.send(_full(subscriber, held, timing))
        else:
            for frame in missed[len(missed) - (held.game.v - subscriber.v) :]:
                subscriber.sender.send(frame)
            subscriber.sender.send(frames.clock(held.game, timing.elapsed_ms))
        subscriber.v, subscriber.epoch = held.game.v, held.game.epoch

    def send_crowd(self, crowd: Crowd) -> None:
        """Send all sockets which players are connected."""
        frame = frames.crowd(white=crowd.white_left_ms is None, black=crowd.black_left_ms is None)
        for subscriber in self.all:
            subscriber.sender.send(frame)

    def send_returns(self, crowd: Crowd) -> None:
        """Send each player at once that an opponent is back who was said to have gone."""
        for player in self.players:
            away: Color = OTHER[player.color]
            if crowd.left_ms(away) is None:
                _send_absence(player, away, None)

    def send_absence(self, left_ms: dict[Color, float | None]) -> None:
        """Send each player what has changed about the opponent's absence."""
        for player in self.players:
            away: Color = OTHER[player.color]
            _send_absence(player, away, left_ms[away])


def _send_presence(subscriber: Subscriber, held: Held, timing: Timing) -> None:
    subscriber.sender.send(_crowd(timing.left_ms))
    if not subscriber.player or held.game.over:
        return
    away: Color = OTHER[subscriber.color]
    if timing.left_ms[away] is None:
        subscriber.sender.send(
            frames.gone(away, is_gone=False)
        )  # its socket before may have been told otherwise
    _send_absence(subscriber, away, timing.left_ms[away])


def _crowd(left_ms: dict[Color, float | None]) -> bytes:
    return frames.crowd(white=left_ms["white"] is None, black=left_ms["black"] is None)


def _full(subscriber: Subscriber, held: Held, timing: Timing) -> bytes:
    return frames.full(
        held.game,
        subscriber.color,
        player=subscriber.player,
        elapsed_ms=timing.elapsed_ms,
        left_ms=timing.left_ms,
    )


def _send_absence(player: Subscriber, away: Color, claim_in_ms: float | None) -> None:
    """Send once each: the opponent has gone, the absence may be claimed, the opponent is back."""
    if claim_in_ms is None:
        if player.absence_sent:
            player.sender.send(frames.gone(away, is_gone=False))
        player.absence_sent = ""
    elif not player.absence_sent:
        player.sender.send(frames.gone(away, is_gone=True))
        player.sender.send(frames.gone_in(away, claim_in_ms / 1000))
        player.absence_sent = "gone" if claim_in_ms else "claimable"
    if claim_in_ms == 0 and player.absence_sent == "gone":
        player.sender.send(frames.gone_in(away, 0.0))
        player.absence_sent = "claimable"
