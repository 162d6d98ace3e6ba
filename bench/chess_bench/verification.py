"""Checks that the finished games in PostgreSQL are the games that were played.

The final positions are computed by pgn-extract, a C program that shares nothing with the server, once from the source
PGN and once from what the database holds. A game is wrong if position, result, header or status differ.
"""

import asyncio
import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from chess_bench.bots.ledger import Finished

PROGRAM = "pgn-extract"
WHERE = "/usr/local/bin:/usr/bin:/bin:/usr/games"  # Debian keeps it with the games
LONG_LINE = 100_000


class VerifyError(RuntimeError):
    """Verification itself could not be done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """How a PGN ends, according to pgn-extract."""

    site: str
    result_header: str
    result: str
    fen: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """A game's row in PostgreSQL."""

    game_id: str
    status: str
    result: str | None
    pgn: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wrong:
    """A game that is not what was played, and how."""

    game_id: str
    reason: str


async def positions(pgn: str) -> list[Position]:
    """Run pgn-extract over a PGN text."""
    program = shutil.which(PROGRAM, path=WHERE) or shutil.which(PROGRAM)
    if not program:
        raise VerifyError(f"{PROGRAM} is not installed; Debian's package of that name has it")
    process = await asyncio.create_subprocess_exec(
        program, "-s", "-F", "-C", "-V", "-N", f"-w{LONG_LINE}",
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, complaints = await process.communicate(pgn.encode())
    if process.returncode:
        raise VerifyError(f"{PROGRAM} failed: {complaints.decode(errors='replace').strip()[:300]}")
    return read_extract(out.decode(errors="replace"))


def read_extract(text: str) -> list[Position]:
    """Read pgn-extract's output: tags, then movetext that ends `{ "FEN" } RESULT`."""
    found: list[Position] = []
    tags: dict[str, str] = {}
    for line in text.splitlines():
        if tag := re.fullmatch(r'\[(\w+) "(.*)"\]', line):
            tags[tag[1]] = tag[2]
        elif end := re.search(r'\{ "([^"]+)" \}\s*(\S+)\s*$', line):
            site, header = tags.get("Site", ""), tags.get("Result", "")
            found.append(Position(site=site, result_header=header, result=end[2], fen=end[1]))
            tags = {}
    return found


async def stored_games(database_url: str, game_ids: Sequence[str]) -> dict[str, Stored]:
    """Read these games' rows."""
    import psycopg

    query = "select id, status, result, pgn from games where id = any(%s)"
    try:
        async with await psycopg.AsyncConnection.connect(database_url, connect_timeout=10) as connection:
            cursor = await connection.execute(query, [list(game_ids)])
            rows = await cursor.fetchall()
    except psycopg.Error as error:
        raise VerifyError(f"PostgreSQL: {str(error).strip().splitlines()[0]}") from None
    return {row[0]: Stored(game_id=row[0], status=row[1], result=row[2], pgn=row[3]) for row in rows}


async def verify(source_pgn: str, finished: Sequence[Finished], database_url: str) -> list[Wrong]:
    """Compare every finished game with its source; returns those that differ."""
    stored = await stored_games(database_url, [game.game_id for game in finished])
    wanted = await positions(source_pgn)
    together = "\n\n".join(row.pgn.strip() for row in stored.values() if row.pgn)
    reached = {position.site: position for position in (await positions(together) if together else [])}
    return judge(wanted, finished, stored, reached)


def judge(
    wanted: Sequence[Position],
    finished: Sequence[Finished],
    stored: Mapping[str, Stored],
    reached: Mapping[str, Position],
) -> list[Wrong]:
    """Name each game that does not end as its source does."""
    wrong: list[Wrong] = []
    for game in finished:
        if not 1 <= game.number <= len(wanted):
            wrong.append(
                Wrong(game_id=game.game_id, reason=f"{PROGRAM} could not read source game {game.number}")
            )
            continue
        reason = _difference(wanted[game.number - 1], stored.get(game.game_id), reached.get(game.game_id))
        if reason:
            wrong.append(Wrong(game_id=game.game_id, reason=f"source game {game.number}: {reason}"))
    return wrong


def _difference(wanted: Position, row: Stored | None, reached: Position | None) -> str:
    if row is None:
        return "not in PostgreSQL"
    if row.pgn is None:
        return f"no PGN in PostgreSQL, status {row.status}"
    if reached is None:
        return f"{PROGRAM} cannot read the stored PGN"
    if reached.fen != wanted.fen:
        return f"ends in {reached.fen}, its source in {wanted.fen}"
    results = {row.result, reached.result, reached.result_header}
    return (
        ""
        if results == {wanted.result}
        else f"results {sorted(map(str, results))}, its source {wanted.result}"
    )
