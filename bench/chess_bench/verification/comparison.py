"""Compares finished games with their sources: which of them are wrong, and why. Pure.

A game is wrong if its final position, result, header or status is not that of its source.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from chess_bench.bots.ledger import Finished

PROGRAM = "pgn-extract"


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
    """A game that differs from what was played, and how."""

    game_id: str
    reason: str


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


def judge(
    wanted: Sequence[Position],
    finished: Sequence[Finished],
    stored: Mapping[str, Stored],
    reached: Mapping[str, Position],
) -> list[Wrong]:
    """Return each game that does not end as its source does."""
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
