"""Games that ended long ago are deleted with their moves, a few at a time, by a real PostgreSQL."""

import asyncio
from typing import Any

import pytest
from stored_games import a_game, entry, new_id

from chess_server.store.postgres.database import Database

pytestmark = pytest.mark.integration


async def ended(database: Database, ask: Any, days_ago: int) -> str:
    game_id = new_id()
    await database.create_game(a_game(game_id))
    await database.commit([entry(game_id, 1, 2, end="draw")])
    ask("UPDATE games SET finished_at = now() - make_interval(days => %s) WHERE id = %s", days_ago, game_id)
    return game_id


async def test_only_what_ended_long_ago_is_deleted(database: Database, other: Database, ask: Any) -> None:
    old = [await ended(database, ask, 1000 + number) for number in range(5)]
    recent = await ended(database, ask, 900)
    playing = new_id()
    await database.create_game(a_game(playing))
    assert await database.delete_finished(950, 2) == 2, "the oldest first"
    left = ask("SELECT id FROM games WHERE id = ANY(%s) ORDER BY id", old)
    assert [game_id for (game_id,) in left] == old[:3]
    deleted = await asyncio.gather(*(side.delete_finished(950, 10) for side in (database, other)))
    assert sum(deleted) == 3
    ids = [*old, recent, playing]
    assert ask("SELECT count(*) FROM games WHERE id = ANY(%s)", ids) == [(2,)]
    assert ask("SELECT count(*) FROM moves WHERE game_id = ANY(%s)", ids) == [(2,)]
    assert await database.delete_finished(950, 10) == 0


def test_old_games_are_found_by_an_index(ask: Any, url: str) -> None:
    found = ask("SELECT indexdef FROM pg_indexes WHERE indexname = 'games_finished'")
    assert "finished_at" in found[0][0]
