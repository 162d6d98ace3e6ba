"""The seats of this server: how many, how many for one address, who gives way to a player, who counts for scaling.

Players of a running game come before spectators and newcomers. Where the server is full, a reserve of seats is theirs.
A player who has joined from the reserve moves to a spectator's seat: the newest one is closed. So the reserve is free
again, and random paths that look like a player's close nobody. A player has a few sockets in his game (tabs, or two for
a handover); for more of them his own oldest is closed, never somebody else's. Pure but for those closes.
"""

from collections import Counter
from dataclasses import dataclass
from typing import Protocol

from chess_server.clients.recent import RecentByAddress

REFUSED_SECONDS = 10.0
MOST_REFUSED = 20_000
OVERLOAD = 1013
POLICY = 1008
REPLACED = 4001
RESERVED_PART = 20
"""One seat in so many is added as the reserve, at least one."""
MOST_OF_PLAYER = 3
"""How many sockets a player may have in one game on this server."""
NEEDED_BY_PLAYER = 2
"""How many a handover needs: on a full server, a player who has as many makes room for one more himself."""


class Occupant(Protocol):
    """A connected client, as its seat knows it."""

    address: str
    seat: str
    """Which player of which game asks; empty for everybody else. Nobody but the player can name it.

    An older client names it by the secret in its path, until the game is known.
    """
    demands: bool

    @property
    def kind(self) -> str:
        """`lobby`, `play` or `watch`."""

    @property
    def in_play(self) -> bool:
        """Whether it is a player's whose game has not ended yet."""

    def close(self, code: int, reason: str, cause: str) -> None:
        """Close the socket."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeatLimits:
    """How many connections there may be, in all and from one address, and how long a lobby socket may be silent."""

    most: int
    per_address: int
    first_message_seconds: float

    @property
    def reserve(self) -> int:
        """Seats beyond `most`, for players."""
        return max(self.most // RESERVED_PART, 1)


class Seats:
    """The open sockets of this server."""

    def __init__(self, limits: SeatLimits) -> None:
        self._limits = limits
        self._of_address: Counter[str] = Counter()
        self._yielding: dict[str, dict[Occupant, None]] = {
            "watch": {},
            "lobby": {},
            "play": {},
        }  # each in order of arrival; of the players those whose game has ended since
        self._of_player: dict[str, tuple[Occupant, ...]] = {}  # the sockets of each seat, in order of arrival
        self._silent: dict[Occupant, float] = {}
        self._leaving: set[Occupant] = set()
        self._taken = 0
        self._refused = RecentByAddress(REFUSED_SECONDS, MOST_REFUSED)
        self.demand = 0
        """Sockets that count for scaling: players, and those who have said something or look on at a game."""

    @property
    def limit(self) -> int:
        """From how many connections newcomers are refused."""
        return self._limits.most

    def is_crowded(self, address: str) -> bool:
        """Whether an address holds as many sockets as it may."""
        return self._of_address[address] >= self._limits.per_address

    def has_room(self, *, player: bool, proved: bool, seat: str = "") -> bool:
        """Whether there is a seat, for a player by closing a spectator, or his own oldest socket of several.

        `proved`: surely a player of a running game.
        """
        if self._taken < self._limits.most or self._close_oldest(seat, NEEDED_BY_PLAYER):
            return True
        if not player:
            return False
        if self._taken < self._limits.most + self._limits.reserve:
            return True
        return proved and self._make_room()

    def refused(self, address: str, sri: str, now: float) -> None:
        """Note that a client found no room. An address counts no more clients than it might have sockets here."""
        most = self._limits.per_address - self._of_address[address]
        self._refused.add(address, sri, most, now)

    def refused_lately(self, now: float) -> int:
        """How many distinct clients found no room within the last seconds."""
        return self._refused.count(now)

    def opened(self, client: Occupant, now: float) -> None:
        """Seat a client."""
        self._taken += 1
        self._of_address[client.address] += 1
        if client.kind == "play":
            self.counts(client)
            self._take(client)
            return
        self._yielding[client.kind][client] = None
        if client.kind == "lobby":
            self._silent[client] = now + self._limits.first_message_seconds

    def spoke(self, client: Occupant) -> None:
        """Note that a client has said something for the first time."""
        self._silent.pop(client, None)
        if client.kind == "lobby":
            self.counts(client)

    def joined(self, client: Occupant, *, running: bool, seat: str = "") -> None:
        """Note that a client has joined a game, in which a player has this seat by whatever way he came.

        Where the server is over-full, somebody gives way: him or his first.
        """
        if client in self._leaving:
            return
        self.counts(client)
        if client.kind == "play":
            self._yielding["play" if running else "watch"][client] = None
            self._move(client, seat or client.seat)
        if self._taken > self._limits.most and not self._close_oldest(client.seat, NEEDED_BY_PLAYER + 1):
            self._make_room()

    def counts(self, client: Occupant) -> None:
        """Count a client for scaling, from now on."""
        self.demand += not client.demands
        client.demands = True

    def closed(self, client: Occupant) -> None:
        """Free a client's seat."""
        self.demand -= client.demands
        self._silent.pop(client, None)
        if client in self._leaving:
            self._leaving.discard(client)
        else:
            self._free(client)

    def close_silent(self, now: float) -> None:
        """Close lobby sockets that never said anything."""
        for client, until in list(self._silent.items()):
            if until > now:
                return
            del self._silent[client]
            seconds = f"{self._limits.first_message_seconds:g}"
            client.close(POLICY, f"nothing said for {seconds} s; send poolIn or a ping", "silent")

    def make_room_at(self, address: str, seat: str = "") -> bool:
        """Make room for a player at an address that holds as many as it may.

        He who has several sockets there loses the oldest, else the newest spectator or the newest newcomer is closed.
        """
        return self._close_oldest(seat, NEEDED_BY_PLAYER, address) or self._close_newest(
            address, "this address holds too many sockets, and players come first; try again"
        )

    def _make_room(self) -> bool:
        """Close the newest spectator, or else the newest newcomer; False if there is none."""
        return self._close_newest("", "this server is full, and players come first; try again")

    def _close_newest(self, address: str, reason: str) -> bool:
        """Close the newest who gives way, of an address or of all. A player does once his game has ended."""
        giving_way = (
            one
            for kind in ("watch", "lobby", "play")
            for one in reversed(self._yielding[kind])
            if (kind != "play" or not one.in_play) and address in ("", one.address)
        )
        client = next(giving_way, None)
        if client is None:
            return False
        self._evict(client, OVERLOAD, reason, "full")
        return True

    def _close_oldest(self, seat: str, least: int, address: str = "") -> bool:
        """Close a player's oldest socket, of an address or of all, if he has at least so many."""
        own = self._of_player.get(seat, ())
        client = next((one for one in own if address in ("", one.address)), None)
        if client is None or len(own) < least:
            return False
        self._evict(client, REPLACED, "opened again elsewhere; do not reconnect", "replaced")
        return True

    def _evict(self, client: Occupant, code: int, reason: str, cause: str) -> None:
        """Close a client whose seat another one takes at once."""
        self._free(client)
        self._leaving.add(client)
        client.close(code, reason, cause)

    def _free(self, client: Occupant) -> None:
        self._taken -= 1
        self._of_address[client.address] -= 1
        if not self._of_address[client.address]:
            del self._of_address[client.address]
        for known in self._yielding.values():
            known.pop(client, None)
        if client.kind == "play":
            self._leave(client)

    def _move(self, client: Occupant, seat: str) -> None:
        """Move a client to the seat that turned out to be its player's."""
        if client.seat == seat:
            return
        self._leave(client)
        client.seat = seat
        self._take(client)

    def _take(self, client: Occupant) -> None:
        self._of_player[client.seat] = (*self._of_player.get(client.seat, ()), client)
        self._close_oldest(client.seat, MOST_OF_PLAYER + 1)

    def _leave(self, client: Occupant) -> None:
        left = tuple(one for one in self._of_player.pop(client.seat) if one is not client)
        if left:
            self._of_player[client.seat] = left
