"""Verifies finished games: reads both sides by pgn-extract and PostgreSQL, and compares them.

The final positions are computed by pgn-extract, a C program that shares no code with the server: once from the source
PGN and once from what the database holds.
"""

import asyncio
import shutil
from collections.abc import Sequence

from chess_bench.bots.ledger import Finished
from chess_bench.verification.comparison import PROGRAM, Position, Stored, Wrong, judge, read_extract

WHERE = "/usr/local/bin:/usr/bin:/bin:/usr/games"  # Debian keeps it with the games
LONG_LINE = 100_000


class VerifyError(RuntimeError):
    """Verification itself could not be done."""


async def positions(pgn: str) -> list[Position]:
    """Run pgn-extract on a PGN text; return how each game ends."""
    program = shutil.which(PROGRAM, path=WHERE) or shutil.which(PROGRAM)
    if not program:
        raise VerifyError(f"{PROGRAM} is not installed; install Debian's package of that name")
    process = await asyncio.create_subprocess_exec(
        program, "-s", "-F", "-C", "-V", "-N", f"-w{LONG_LINE}",
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, complaints = await process.communicate(pgn.encode())
    if process.returncode:
        raise VerifyError(f"{PROGRAM} failed: {complaints.decode(errors='replace').strip()[:300]}")
    return read_extract(out.decode(errors="replace"))


async def stored_games(database_url: str, game_ids: Sequence[str]) -> dict[str, Stored]:
    """Read these games' rows."""
    import psycopg

    query = "select id, status, result, pgn from pgns where id = any(%s)"
    try:
        async with await psycopg.AsyncConnection.connect(database_url, connect_timeout=10) as connection:
            cursor = await connection.execute(query, [list(game_ids)])
            rows = await cursor.fetchall()
    except psycopg.Error as error:
        raise VerifyError(f"PostgreSQL: {str(error).strip().splitlines()[0]}") from None
    return {row[0]: Stored(game_id=row[0], status=row[1], result=row[2], pgn=row[3]) for row in rows}


async def verify(source_pgn: str, finished: Sequence[Finished], database_url: str) -> list[Wrong]:
    """Compare every finished game with its source; return those that differ."""
    stored = await stored_games(database_url, [game.game_id for game in finished])
    wanted = await positions(source_pgn)
    together = "\n\n".join(row.pgn.strip() for row in stored.values() if row.pgn)
    reached = {position.site: position for position in (await positions(together) if together else [])}
    return judge(wanted, finished, stored, reached)
