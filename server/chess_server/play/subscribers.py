"""Who is at a game on this server, and what they have been told.

Each socket has its own `v` and `epoch`, so that whatever comes twice, late or not at all is told once, in order.
"""

from dataclasses import dataclass

from chess_server.game.color import OTHER, Color
from chess_server.game.shared import Crowd, Held, age
from chess_server.play.channel import Happened
from chess_server.wire import frames
from chess_server.wire.frames import Sender


@dataclass(slots=True, eq=False)
class Subscriber:
    """A socket at a game. `v` and `epoch` say what it has been told."""

    sender: Sender
    color: Color
    player: bool
    member: str
    v: int = 0
    epoch: int = 0
    seated: bool = False
    told: str = ""

    @property
    def entry(self) -> str:
        """Its member among the game's seats in Redis."""
        return f"{self.color[0]}|{self.member}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Presence:
    """At one moment: time spent on this turn; how long until each absence may be claimed (None: is there)."""

    elapsed_ms: int
    left_ms: dict[Color, float | None]


class Subscribers:
    """The sockets at one game."""

    def __init__(self) -> None:
        self.seats: set[Subscriber] = set()

    @property
    def players(self) -> list[Subscriber]:
        """The players among them."""
        return [seat for seat in self.seats if seat.player]

    def hear(self, heard: Happened) -> bool:
        """Tell events to whoever waits for just these; False if somebody has missed an earlier one."""
        for v, frame in enumerate(heard.frames, heard.first):
            for seat in self.seats:
                if seat.epoch == heard.epoch and seat.v == v - 1:
                    seat.v = v
                    seat.sender.send(frame)
        return not self.behind(heard.epoch, heard.last)

    def behind(self, epoch: int, v: int) -> bool:
        """Whether somebody has not been told everything up to a version."""
        return any((seat.epoch, seat.v) < (epoch, v) for seat in self.seats)

    def welcome(self, seat: Subscriber, held: Held, missed: list[bytes] | None, presence: Presence) -> None:
        """Take a socket in with its first message."""
        seat.v, seat.epoch = held.game.v, held.game.epoch
        if missed is None:
            seat.sender.send(_full(seat, held, presence))
        else:
            seat.sender.send(frames.batch(held.game.v, held.game.epoch, missed))
        self.seats.add(seat)

    def bring(self, seat: Subscriber, held: Held, missed: list[bytes] | None, presence: Presence) -> None:
        """Bring a socket up to date: by the events that it missed (the last ones of `missed`), or by everything."""
        if (seat.epoch, seat.v) >= age(held) and seat.epoch == held.game.epoch:
            return
        if missed is None:
            seat.sender.send(_full(seat, held, presence))
        else:
            for frame in missed[len(missed) - (held.game.v - seat.v) :]:
                seat.sender.send(frame)
        seat.v, seat.epoch = held.game.v, held.game.epoch

    def tell_crowd(self, crowd: Crowd) -> None:
        """Tell everybody which players are there."""
        frame = frames.crowd(white=crowd.white_left_ms is None, black=crowd.black_left_ms is None)
        for seat in self.seats:
            seat.sender.send(frame)

    def tell_gone(self, left_ms: dict[Color, float | None]) -> None:
        """Tell players of an opponent who is away."""
        for seat in self.players:
            away: Color = OTHER[seat.color]
            _tell(seat, away, left_ms[away])


def _full(seat: Subscriber, held: Held, presence: Presence) -> bytes:
    return frames.full(
        held.game, seat.color, player=seat.player, elapsed_ms=presence.elapsed_ms, left_ms=presence.left_ms
    )


def _tell(seat: Subscriber, away: Color, claim_in_ms: float | None) -> None:
    """Tell a player once that the opponent has gone, once that the claim is open, once that the opponent is back."""
    if claim_in_ms is None:
        if seat.told:
            seat.sender.send(frames.gone(away, is_gone=False))
        seat.told = ""
    elif not seat.told:
        seat.sender.send(frames.gone(away, is_gone=True))
        seat.sender.send(frames.gone_in(away, claim_in_ms / 1000))
        seat.told = "gone"
    if claim_in_ms == 0 and seat.told == "gone":
        seat.sender.send(frames.gone_in(away, 0.0))
        seat.told = "claimable"
