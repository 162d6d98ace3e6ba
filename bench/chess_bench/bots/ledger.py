"""What the players of a run experienced, in the project's terms. Pure.

*dropped*: a connection that ended, but neither was closed by its client nor after its completed handover. *resumed*: a
player whose socket was cut and who went on without a gap, a duplicate or a lost acknowledged move. *lost*: a player
who did not resume, did not get to the end, or saw anything else that the protocol rules out.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from chess_bench.bots.durations import Durations, Spread


@dataclass(frozen=True, slots=True, kw_only=True)
class Drop:
    """A connection that its player did not close."""

    at: float
    player: str
    where: str
    code: int | None
    """None: the connection ended without a close frame."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Something that makes a player lost."""

    at: float
    player: str
    kind: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """A game that both players saw end."""

    game_id: str
    number: int
    """Of the PGN that was replayed."""
    result: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """The figures of a run at one moment."""

    players: int = 0
    connections: int = 0
    waiting: int = 0
    playing: int = 0
    left: int = 0
    handshakes: int = 0
    refused: int = 0
    games: int = 0
    moves: int = 0
    handovers: int = 0
    dropped: int = 0
    resumed: int = 0
    lost: int = 0
    nacks: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The result of a run."""

    counts: Counts
    drops: tuple[Drop, ...]
    faults: tuple[Fault, ...]
    finished: tuple[Finished, ...]
    lost_players: tuple[str, ...]
    stranded: tuple[str, ...]
    """Who did not get to the end, and where they are."""
    nack_codes: dict[str, int]
    resume_seconds: tuple[float, ...]
    acks: Spread
    """The time from a move to its acknowledgement, over the whole run."""
    acks_by_phase: Mapping[str, Spread]
    never_admitted: tuple[str, ...]
    """Players none of whose handshakes was ever completed."""
    never_played: tuple[str, ...]
    """Players without an acknowledged move and a game that they saw end."""


@dataclass(slots=True)
class Ledger:
    """The record of one run; the players write it, the fleet reads it."""

    drops: list[Drop] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    finished: dict[str, Finished] = field(default_factory=dict)
    resume_seconds: list[float] = field(default_factory=list)
    phase: str = "all"
    """Of the run; it says where the next acknowledgements are counted."""
    acks: defaultdict[str, Durations] = field(default_factory=lambda: defaultdict(Durations))
    """Phase → how long acknowledgements took."""
    admitted: set[str] = field(default_factory=set)
    """Players with a completed handshake."""
    movers: set[str] = field(default_factory=set)
    """Players with an acknowledged move."""
    finishers: set[str] = field(default_factory=set)
    """Players who saw a game of theirs end."""
    tally: Counter[str] = field(default_factory=Counter)
    nack_codes: Counter[str] = field(default_factory=Counter)
    committed: dict[str, dict[int, str]] = field(default_factory=dict)
    """Game → ply → the acknowledged move, in UCI notation."""

    def dropped(self, at: float, player: str, where: str, code: int | None) -> None:
        """Note a connection that this player did not end."""
        self.drops.append(Drop(at=at, player=player, where=where, code=code))

    def fault(self, at: float, player: str, kind: str, detail: str) -> None:
        """Note a fault; it makes this player lost."""
        self.faults.append(Fault(at=at, player=player, kind=kind, detail=detail))

    def resumed(self, seconds: float) -> None:
        """Note that a player resumed, and how long after the cut."""
        self.resume_seconds.append(seconds)

    def acknowledged(self, player: str, game_id: str, ply: int, uci: str, seconds: float) -> None:
        """Note an acknowledged move, and how long its acknowledgement took."""
        self.committed.setdefault(game_id, {})[ply] = uci
        self.movers.add(player)
        self.tally["moves"] += 1
        self.acks[self.phase].add(seconds)

    def nacked(self, code: str) -> None:
        """Note a refused move."""
        self.nack_codes[code] += 1

    def ended(self, player: str, game_id: str, number: int, result: str) -> None:
        """Note a game's end; both players do, and the game counts once."""
        self.finishers.add(player)
        self.finished[game_id] = Finished(game_id=game_id, number=number, result=result)

    def has_played(self, player: str) -> bool:
        """Return whether a move of this player was acknowledged, and a game of theirs has ended."""
        return player in self.movers and player in self.finishers

    def report(self, live: Counts, players: Iterable[str], stranded: Mapping[str, str]) -> Report:
        """Report on the run so far, with who did not get to the end, and where they are."""
        names, lost = sorted(players), self.lost_players(frozenset(stranded))
        return Report(
            counts=self.counts(live, frozenset(stranded)),
            drops=tuple(self.drops),
            faults=tuple(self.faults),
            finished=tuple(self.finished.values()),
            lost_players=tuple(sorted(lost)),
            stranded=tuple(f"{name}: {where}" for name, where in sorted(stranded.items())),
            resume_seconds=tuple(self.resume_seconds),
            nack_codes=dict(self.nack_codes),
            acks=Durations.joined(self.acks.values()).spread(),
            acks_by_phase={phase: taken.spread() for phase, taken in self.acks.items()},
            never_admitted=tuple(name for name in names if name not in self.admitted),
            never_played=tuple(name for name in names if not self.has_played(name)),
        )

    def lost_players(self, stranded: frozenset[str] = frozenset()) -> frozenset[str]:
        """Return the players with a fault and those who did not get to the end."""
        return stranded | {fault.player for fault in self.faults}

    def counts(self, live: Counts, stranded: frozenset[str] = frozenset()) -> Counts:
        """Complete the fleet's figures with the ledger's."""
        return replace(
            live,
            handshakes=self.tally["handshakes"],
            refused=self.tally["refused"],
            games=len(self.finished),
            moves=self.tally["moves"],
            handovers=self.tally["handovers"],
            dropped=len(self.drops),
            resumed=len(self.resume_seconds),
            lost=len(self.lost_players(stranded)),
            nacks=self.nack_codes.total(),
        )


def percentile(samples: list[float] | tuple[float, ...], share: float) -> float | None:
    """Return the nearest-rank percentile; None without samples."""
    if not samples:
        return None
    ranked = sorted(samples)
    return ranked[min(len(ranked) - 1, max(0, -(-int(len(ranked) * share * 1000) // 1000) - 1))]
