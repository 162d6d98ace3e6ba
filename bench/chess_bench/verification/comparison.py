"""Compares finished games with their sources: which of them are wrong, and why. Pure.

A game is wrong if its moves, its final position, its result, its header or its status are not those of its source, or
if the database and the players do not know the same games.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from chess_bench.bots.games import Game, LeftOut
from chess_bench.bots.ledger import Finished

PROGRAM = "pgn-extract"
UCI = re.compile(r"[a-h][1-8][a-h][1-8][nbrq]?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """What a PGN holds, according to pgn-extract."""

    site: str
    result_header: str
    result: str
    fen: str
    """Of the last position."""
    moves: tuple[str, ...]
    """In UCI notation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """A game in PostgreSQL: its row, its moves, and its PGN, which the database writes from both."""

    game_id: str
    status: str
    result: str | None
    pgn: str | None
    moves: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wrong:
    """A game that differs from what was played, and how."""

    game_id: str
    reason: str


def read_extract(text: str) -> list[Played]:
    """Read pgn-extract's output: tags, then movetext in UCI notation that ends `{ "FEN" } RESULT`."""
    found: list[Played] = []
    tags: dict[str, str] = {}
    for line in text.splitlines():
        if tag := re.fullmatch(r'\[(\w+) "(.*)"\]', line):
            tags[tag[1]] = tag[2]
        elif end := re.search(r'^(.*)\{ "([^"]+)" \}\s*(\S+)\s*$', line):
            found.append(
                Played(
                    site=tags.get("Site", ""),
                    result_header=tags.get("Result", ""),
                    result=end[3],
                    fen=end[2],
                    moves=tuple(UCI.findall(end[1].lower())),
                )
            )
            tags = {}
    return found


def sources(games: Sequence[Game], read: Sequence[Played]) -> dict[int, Played]:
    """Return for each game, by number, what pgn-extract reads; a game that it reads otherwise is not in it."""
    known = {(one.moves, one.result): one for one in read}
    return {
        game.number: known[game.moves, game.result] for game in games if (game.moves, game.result) in known
    }


def misread(games: Sequence[Game], read: Sequence[Played]) -> list[LeftOut]:
    """Return the games that cannot be played, because they could not be verified."""
    known = sources(games, read)
    reason = f"{PROGRAM}, which verifies the games, reads it otherwise or not at all"
    return [LeftOut(number=game.number, reason=reason) for game in games if game.number not in known]


def judge(
    games: Mapping[int, tuple[Game, Played]],
    finished: Sequence[Finished],
    stored: Mapping[str, Stored],
    reached: Mapping[str, Played],
) -> list[Wrong]:
    """Return each game that is not as its source, and each that only the database knows. `games`: by number."""
    wrong: list[Wrong] = []
    for one in finished:
        row, end = stored.get(one.game_id), reached.get(one.game_id)
        if reason := _difference(*games[one.number], row, end):
            wrong.append(Wrong(game_id=one.game_id, reason=f"source game {one.number}: {reason}"))
    known = {one.game_id for one in finished}
    wrong += [
        Wrong(game_id=row.game_id, reason=f"in PostgreSQL, status {row.status}; no player saw it end")
        for row in stored.values()
        if row.game_id not in known
    ]
    return wrong


def _difference(game: Game, source: Played, row: Stored | None, reached: Played | None) -> str:
    if row is None:
        return "not in PostgreSQL"
    if row.pgn is None:
        return f"no PGN in PostgreSQL, status {row.status}"
    if row.status != game.status:
        return f"status {row.status}, its source ends by {game.status}"
    if reached is None:
        return f"{PROGRAM} cannot read the stored PGN"
    return _of_play(source, row, reached)


def _of_play(source: Played, row: Stored, reached: Played) -> str:
    for moves, where in ((row.moves, "stored moves"), (reached.moves, "moves of the stored PGN")):
        if moves != source.moves:
            return f"{where}: {_first_difference(moves, source.moves)}"
    if reached.fen != source.fen:
        return f"ends in {reached.fen}, its source in {source.fen}"
    results = {row.result, reached.result, reached.result_header}
    agreed = results == {source.result}
    return "" if agreed else f"results {sorted(map(str, results))}, its source {source.result}"


def _first_difference(moves: Sequence[str], wanted: Sequence[str]) -> str:
    for ply, (has, wants) in enumerate(zip(moves, wanted, strict=False), 1):
        if has != wants:
            return f"ply {ply} is {has}, in its source {wants}"
    return f"{len(moves)} plies, its source has {len(wanted)}"
