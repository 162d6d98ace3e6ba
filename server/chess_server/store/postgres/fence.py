"""Whether PostgreSQL may store what a server wants stored of a game. Pure.

A game has one history: each move follows the last stored one, the first stored end stays, and both come from the server
that holds the game's epoch. Whoever is turned away reads the game again. What is stored already is agreed to, so that
to send it again does no harm.
"""

from collections.abc import Mapping
from typing import Literal

from msgspec import Struct

from chess_server.game.color import Color
from chess_server.game.record import Finish, MoveRow
from chess_server.game.status import Status


class Entry(Struct, frozen=True, kw_only=True):
    """What to store of one game under an epoch: moves in order, and its end after `ply` moves."""

    game_id: str
    epoch: int
    ply: int
    rows: tuple[MoveRow, ...]
    finish: Finish | None = None


class Standing(Struct, frozen=True, kw_only=True):
    """What PostgreSQL holds of a game: `ply` is that of the last stored move."""

    epoch: int
    ply: int
    status: Status
    winner: Color | None


Held = Mapping[int, tuple[str, int]]
"""Ply → the stored move and its player's number of it."""

Verdict = Literal["store", "agreed", "contradicted"]


def judge(entry: Entry, standing: Standing, held: Held) -> Verdict:
    """Compare an entry with what is stored; `held` has the plies that the entry repeats."""
    if entry.epoch != standing.epoch or not _repeats(entry, standing, held):
        return "contradicted"
    new = new_rows(entry, standing)
    if not _follow(new, standing.ply):
        return "contradicted"
    if standing.status != "started":
        return "agreed" if not new and _same_end(entry, standing) else "contradicted"
    if entry.finish is not None:
        return "store" if entry.ply == standing.ply + len(new) else "contradicted"
    return "store" if new else "agreed"


def expected_ply(entry: Entry) -> int | None:
    """Return the last stored ply if all of an entry is new: where the game is at it, `judge` says "store".

    None: the entry is not in order.
    """
    first = entry.rows[0].ply if entry.rows else entry.ply + 1
    if not _follow(entry.rows, first - 1):
        return None
    if entry.finish is not None and entry.ply != first - 1 + len(entry.rows):
        return None
    return first - 1


def new_rows(entry: Entry, standing: Standing) -> tuple[MoveRow, ...]:
    """Return the moves that are not stored yet."""
    return tuple(row for row in entry.rows if row.ply > standing.ply)


def _repeats(entry: Entry, standing: Standing, held: Held) -> bool:
    """Whether each move at a stored ply is the stored one."""
    return all(held.get(row.ply) == (row.uci, row.a) for row in entry.rows if row.ply <= standing.ply)


def _follow(rows: tuple[MoveRow, ...], last: int) -> bool:
    """Whether moves leave no hole in the history."""
    return [row.ply for row in rows] == list(range(last + 1, last + 1 + len(rows)))


def _same_end(entry: Entry, standing: Standing) -> bool:
    end = entry.finish
    return end is None or (end.status, end.winner, entry.ply) == (
        standing.status,
        standing.winner,
        standing.ply,
    )
