"""Verifies finished games: reads both sides by pgn-extract and PostgreSQL, and compares them.

Moves and final positions are read by pgn-extract, a C program that shares no code with the server: once from the source
PGN and once from what the database holds. A source that pgn-extract reads otherwise than the players is found before
anybody plays it (`confirmed`), so that a difference between two readers is never the server's.
"""

import asyncio
import shutil
from collections.abc import Sequence

from chess_bench.bots.games import Reading
from chess_bench.bots.ledger import Finished
from chess_bench.verification.comparison import (
    PROGRAM,
    Played,
    Stored,
    Wrong,
    judge,
    misread,
    read_extract,
    sources,
)

WHERE = "/usr/local/bin:/usr/bin:/bin:/usr/games"  # Debian keeps it with the games
LONG_LINE = 100_000
ROWS = """
SELECT games.id, games.status, games.result, pgns.pgn,
  ARRAY(SELECT uci FROM moves WHERE game_id = games.id ORDER BY ply)
FROM games JOIN pgns ON pgns.id = games.id WHERE games.id = ANY(%s) OR games.cluster = %s
"""


class VerifyError(RuntimeError):
    """Verification itself could not be done."""


async def confirmed(reading: Reading) -> Reading:
    """Leave out each game that pgn-extract reads otherwise; GamesError if none remains."""
    return reading.without(misread(reading.games, await played(reading.text)))


async def played(pgn: str) -> list[Played]:
    """Run pgn-extract on a PGN text; return what it reads."""
    program = shutil.which(PROGRAM, path=WHERE) or shutil.which(PROGRAM)
    if not program:
        raise VerifyError(f"{PROGRAM} is not installed; install Debian's package of that name")
    process = await asyncio.create_subprocess_exec(
        program, "-s", "-F", "-C", "-V", "-N", "-Wuci", f"-w{LONG_LINE}",
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, complaints = await process.communicate(pgn.encode())
    if process.returncode:
        raise VerifyError(f"{PROGRAM} failed: {complaints.decode(errors='replace').strip()[:300]}")
    return read_extract(out.decode(errors="replace"))


async def stored_games(database_url: str, game_ids: Sequence[str], cluster: str | None) -> dict[str, Stored]:
    """Read these games, and all of the cluster with that uid."""
    import psycopg

    try:
        async with await psycopg.AsyncConnection.connect(database_url, connect_timeout=10) as connection:
            cursor = await connection.execute(ROWS, [list(game_ids), cluster])
            rows = await cursor.fetchall()
    except psycopg.Error as error:
        raise VerifyError(f"PostgreSQL: {str(error).strip().splitlines()[0]}") from None
    return {
        row[0]: Stored(game_id=row[0], status=row[1], result=row[2], pgn=row[3], moves=tuple(row[4]))
        for row in rows
    }


async def verify(
    reading: Reading, finished: Sequence[Finished], database_url: str, cluster: str | None = None
) -> list[Wrong]:
    """Compare every finished game with its source; return those that differ.

    With a cluster's uid, a game of that cluster that is not among the finished is wrong, too.
    """
    wanted = sources(reading.games, await played(reading.text))
    games = {game.number: (game, wanted[game.number]) for game in reading.games if game.number in wanted}
    if unknown := sorted({one.number for one in finished} - games.keys()):
        raise VerifyError(f"{PROGRAM} does not read source game {unknown[0]} as the players do")
    stored = await stored_games(database_url, [game.game_id for game in finished], cluster)
    together = "\n\n".join(row.pgn.strip() for row in stored.values() if row.pgn)
    reached = {one.site: one for one in (await played(together) if together else [])}
    return judge(games, finished, stored, reached)
