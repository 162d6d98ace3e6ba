"""The PGN of a finished game, written from its moves by the database."""

from typing import Any

import pytest
from stored_games import LINE, a_game, entry, new_id

from chess_server.store.postgres.database import Database

pytestmark = pytest.mark.integration


async def finished(database: Database, *plies: int, end: str = "draw") -> str:
    game_id = new_id()
    await database.create_game(a_game(game_id))
    await database.commit([entry(game_id, *plies, end=end)])
    return game_id


async def pgn_of(ask: Any, game_id: str) -> str | None:
    [(pgn,)] = ask("SELECT pgn FROM pgns WHERE id = %s", game_id)
    return None if pgn is None else str(pgn)


async def test_it_has_headers_and_moves_and_is_not_stored(database: Database, ask: Any) -> None:
    game_id = await finished(database, 1, 2, 3)
    pgn = await pgn_of(ask, game_id)
    assert pgn is not None
    headers, _, movetext = pgn.partition("\n\n")
    assert movetext == f"1. {LINE[0]} {LINE[1]} 2. {LINE[2]} *\n"
    for header in (f'[Site "{game_id}"]', '[Event "Pool 10+0"]', '[TimeControl "600+0"]', '[Result "*"]'):
        assert header in headers.splitlines()
    assert ask("SELECT pgn FROM games WHERE id = %s", game_id) == [(None,)]


async def test_a_game_without_moves_has_a_result_alone(database: Database, ask: Any) -> None:
    pgn = await pgn_of(ask, await finished(database, end="aborted"))
    assert pgn is not None
    assert pgn.endswith('[Termination "Unterminated"]\n\n*\n')


async def test_lines_are_short_and_break_between_moves(database: Database, ask: Any) -> None:
    game_id = await finished(database, 1)
    rows = "SELECT %s, ply, 'x', 'Nbxd2+', 0, 0, 0 FROM generate_series(2, 90) AS ply"
    columns = "game_id, ply, uci, san, player_move_id, white_ms, black_ms"
    ask(f"INSERT INTO moves ({columns}) {rows}", game_id)
    pgn = await pgn_of(ask, game_id)
    assert pgn is not None
    lines = pgn.partition("\n\n")[2].splitlines()
    assert max(map(len, lines)) < 80
    assert len(" ".join(lines).split()) == 90 + 45 + 1


async def test_what_an_older_server_has_written_counts(database: Database, ask: Any) -> None:
    game_id = await finished(database, 1)
    ask("UPDATE games SET pgn = 'as it was' WHERE id = %s", game_id)
    assert await pgn_of(ask, game_id) == "as it was"


async def test_a_game_in_play_has_none(database: Database, ask: Any) -> None:
    game_id = new_id()
    await database.create_game(a_game(game_id))
    assert await pgn_of(ask, game_id) is None
