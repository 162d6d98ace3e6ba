"""What every run promises of its players and their games: one line for each broken promise, with figures. Pure.

What is not known breaks the promise that needs it: unknown is not 0.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from chess_bench.bots.ledger import Report
from chess_bench.verification.comparison import Wrong

NACKS_ALLOWED = 0.05  # of the acknowledged moves
RETRIED = frozenset({"unavailable", "overloaded", "conflict"})
"""Refusals of moves that are tried again; any other is a player's fault, or part of an agreed draw."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlayerPromises:
    """The players of one run and their games, and how many players there should be."""

    players: int
    report: Report
    wrong: Sequence[Wrong]
    unverified: str | None
    """Why the games could not be compared."""

    @property
    def least_games(self) -> int:
        """Games that must be finished: one for every two players."""
        return self.players // 2

    def broken(self) -> list[str]:
        """Return every broken promise."""
        return [*self._connections(), *self._admission(), *self._refusals(), *self._games()]

    def _connections(self) -> list[str]:
        report, broken = self.report, list[str]()
        if report.drops:
            one = report.drops[0]
            broken.append(
                f"{len(report.drops)} connections dropped; first: {one.player}, {one.where}, {one.code}"
            )
        if report.lost_players:
            reasons = [f"{fault.kind}: {fault.detail}" for fault in report.faults[:1]]
            reasons += report.stranded[:1]
            broken.append(
                f"{len(report.lost_players)} players lost; first: {report.lost_players[0]}: {reasons[0]}"
            )
        return broken

    def _admission(self) -> list[str]:
        report, broken = self.report, list[str]()
        if report.counts.players != self.players:
            broken.append(f"{report.counts.players} players came; all {self.players} must")
        if report.never_admitted:
            broken.append(
                f"{len(report.never_admitted)} players were never let in; first: {report.never_admitted[0]}"
            )
        if report.never_played:
            broken.append(f"{len(report.never_played)} players never played; first: {report.never_played[0]}")
        return broken

    def _refusals(self) -> list[str]:
        counts, broken = self.report.counts, list[str]()
        if counts.refused > self.players:
            broken.append(
                f"{counts.refused} handshakes were refused; at most {self.players} may, one a player"
            )
        retried = sum(count for code, count in self.report.nack_codes.items() if code in RETRIED)
        if retried > counts.moves * NACKS_ALLOWED:
            broken.append(
                f"{retried} moves were refused and sent again; at most {NACKS_ALLOWED:.0%} of {counts.moves} may"
            )
        return broken

    def _games(self) -> list[str]:
        broken, finished = list[str](), len(self.report.finished)
        if finished < self.least_games:
            required = f"at least {self.least_games} must, one for every two players"
            broken.append(f"{finished} games were finished; {required}")
        if self.wrong:
            one = self.wrong[0]
            broken.append(f"{len(self.wrong)} wrong games; first: {one.game_id}: {one.reason}")
        if self.unverified:
            broken.append(f"the games could not be verified: {self.unverified}")
        return broken
