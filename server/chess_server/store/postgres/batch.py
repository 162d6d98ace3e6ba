"""Stores a batch of entries, at most one a game, over one session.

One message stores the entries whose games are as they expect: almost always all. For the others, how the game stands
is read and compared (fence.py), in a transaction of two messages.
"""

from collections.abc import Sequence
from typing import Any, Literal

import msgspec
from psycopg.pq.abc import PGresult

from chess_server.store.postgres import statements
from chess_server.store.postgres.fence import Entry, Held, Standing, Verdict, expected_ply, judge, new_rows
from chess_server.store.postgres.sessions import Session
from chess_server.store.postgres.stored import ends_of, moves_of

Stored = Verdict | Literal["locked", "missing"]
"""What became of an entry. `locked`: another transaction holds the game; `missing`: PostgreSQL has no such game."""

_encode = msgspec.json.Encoder().encode


async def store(session: Session, entries: Sequence[Entry], limit_ms: int) -> dict[str, Stored]:
    """Store entries; return what became of each game's. `limit_ms`: how long a statement may take."""
    stored = await _store_next(session, entries, limit_ms)
    found: dict[str, Stored] = dict.fromkeys(stored, "store")
    rest = [entry for entry in entries if entry.game_id not in stored]
    return {**found, **await _compare(session, rest, limit_ms)} if rest else found


async def _store_next(session: Session, entries: Sequence[Entry], limit_ms: int) -> frozenset[str]:
    """Store the entries of which nothing is stored yet and that nothing contradicts; return their games."""
    expected = [(entry, expected_ply(entry)) for entry in entries]
    fit = [entry for entry, ply in expected if ply is not None]
    asked = [
        {"id": entry.game_id, "epoch": entry.epoch, "after": ply}
        for entry, ply in expected
        if ply is not None
    ]
    parts = [
        (statements.STORE_NEXT_MOVES, moves_of((entry, entry.rows) for entry in fit)),
        (statements.STORE_NEXT_ENDS, ends_of(fit)),
    ]
    ids = " ".join(entry.game_id for entry in fit)
    results = await _ask(session, _begin(statements.STORE_NEXT, limit_ms), [ids, _json(asked)], parts)
    _, chosen = [result.get_value(0, 0) for result in results if result.nfields]
    stored = frozenset((chosen or b"").decode().split())
    _check(results, [[row for row in rows if row["game_id"] in stored] for _, rows in parts if rows])
    return stored


async def _compare(session: Session, entries: Sequence[Entry], limit_ms: int) -> dict[str, Stored]:
    standings, mine = await _lock(session, [entry.game_id for entry in entries], limit_ms)
    held = await _held(session, entries, standings)
    verdicts = {
        entry.game_id: _verdict(entry, standings, mine, held.get(entry.game_id, {})) for entry in entries
    }
    await _write(session, [one for one in entries if verdicts[one.game_id] == "store"], standings)
    return verdicts


async def _lock(
    session: Session, game_ids: list[str], limit_ms: int
) -> tuple[dict[str, Standing], frozenset[str]]:
    """Begin a transaction; return how games stand, and which of them it has locked."""
    ids = " ".join(game_ids)
    results = await session.ask(_begin(statements.LOCK_GAMES, limit_ms), ids, ids)
    locked, found = [_texts(result) for result in results if result.nfields]
    standings = {
        game_id: Standing(epoch=int(epoch), ply=int(ply or 0), status=status, winner=winner)
        for game_id, epoch, ply, status, winner in found
    }
    return standings, frozenset(row[0] for row in locked)


async def _held(
    session: Session, entries: Sequence[Entry], standings: dict[str, Standing]
) -> dict[str, dict[int, tuple[str, int]]]:
    """Read the stored moves at the plies that entries repeat: there are few, after a commit of unknown outcome."""
    asked = [
        (entry.game_id, row.ply)
        for entry in entries
        for row in entry.rows
        if entry.game_id in standings and row.ply <= standings[entry.game_id].ply
    ]
    found: dict[str, dict[int, tuple[str, int]]] = {}
    if asked:
        keys = ([game_id for game_id, _ in asked], [ply for _, ply in asked])
        cursor = await session.execute(statements.SELECT_HELD, keys)
        for game_id, ply, uci, a in await cursor.fetchall():
            found.setdefault(game_id, {})[ply] = (uci, a)
    return found


def _verdict(entry: Entry, standings: dict[str, Standing], mine: frozenset[str], held: Held) -> Stored:
    standing = standings.get(entry.game_id)
    if standing is None:
        return "missing"
    return judge(entry, standing, held) if entry.game_id in mine else "locked"


async def _write(session: Session, entries: Sequence[Entry], standings: dict[str, Standing]) -> None:
    """Store entries and end the transaction."""
    new = [(entry, new_rows(entry, standings[entry.game_id])) for entry in entries]
    parts = [(statements.STORE_MOVES, moves_of(new)), (statements.STORE_ENDS, ends_of(entries))]
    _check(await _ask(session, "", [], parts), [rows for _, rows in parts if rows])


async def _ask(
    session: Session, begin: str, values: list[str], parts: list[tuple[str, list[dict[str, Any]]]]
) -> list[PGresult]:
    """Send statements with those of `parts` that have rows, and the transaction's end."""
    wanted = [(statement, rows) for statement, rows in parts if rows]
    text = begin + "".join(statement for statement, _ in wanted) + statements.COMMIT
    return await session.ask(text, *values, *(_json(rows) for _, rows in wanted))


def _check(results: list[PGresult], wanted: list[list[dict[str, Any]]]) -> None:
    counts = [result.command_tuples for result in results[-1 - len(wanted) : -1]]
    if counts != [len(rows) for rows in wanted]:
        # The games are locked since they were compared, so this cannot be.
        raise AssertionError(f"PostgreSQL has stored {counts} rows of {[len(rows) for rows in wanted]}")


def _begin(statement: str, limit_ms: int) -> str:
    return statement.format(statement_ms=limit_ms, lock_ms=statements.LATE_LOCK_MS)


def _json(rows: list[dict[str, Any]]) -> str:
    return _encode(rows).decode()


def _texts(result: PGresult) -> list[list[Any]]:
    """Return rows as PostgreSQL writes them; None for NULL."""
    columns = range(result.nfields)
    return [[_text(result.get_value(row, column)) for column in columns] for row in range(result.ntuples)]


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode()
