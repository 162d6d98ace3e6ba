"""Two clusters on one PostgreSQL: each ends, and deletes, its own games alone."""

from typing import Any

import pytest
from stored_games import a_server, created, entry, new_id

pytestmark = pytest.mark.integration


async def test_only_the_clusters_own_games_are_in_play_for_it(url: str, ask: Any) -> None:
    async with a_server(lambda: url, cluster="one") as one, a_server(lambda: url, cluster="two") as two:
        mine, theirs, before, long_before, orphan = (new_id() for _ in range(5))
        for server, games in ((one, (mine,)), (two, (theirs, before, long_before, orphan))):
            for game_id in games:
                await created(server.database, game_id)
        ask("UPDATE games SET cluster = NULL WHERE id = ANY(%s)", [before, long_before])
        ask("UPDATE games SET created_at = now() - interval '25 hours' WHERE id = %s", long_before)
        ask("UPDATE games SET created_at = now() - interval '8 days' WHERE id = %s", orphan)
        found = set(await one.database.live_games(""))
        assert {mine, long_before, orphan} <= found, "its own, and what is of nobody any more"
        assert not {theirs, before} & found, "what the version before has made may be in play in the other"
        seen = await one.database.load(theirs)
        assert seen is not None
        assert await one.database.take_over(seen) is not None
        assert theirs in await one.database.live_games(""), "whoever takes a game over owns it"
        assert theirs not in await two.database.live_games("")


async def test_only_the_clusters_own_games_are_deleted(url: str, ask: Any) -> None:
    async with a_server(lambda: url, cluster="one") as one, a_server(lambda: url, cluster="two") as two:
        mine, theirs, nobodys = new_id(), new_id(), new_id()
        for server, game_id in ((one, mine), (two, theirs), (two, nobodys)):
            await created(server.database, game_id)
            await server.database.commit([entry(game_id, 1, end="draw")])
        games = [mine, theirs, nobodys]
        ask("UPDATE games SET finished_at = now() - interval '2000 days' WHERE id = ANY(%s)", games)
        ask("UPDATE games SET cluster = NULL WHERE id = %s", nobodys)
        assert await one.database.delete_finished(1900, 10) == 1
        assert ask("SELECT id FROM games WHERE id = ANY(%s) ORDER BY id", games) == [(theirs,), (nobodys,)]
        ask("UPDATE games SET cluster = 'one' WHERE cluster IS NULL AND status <> 'started'")
        assert await one.database.delete_finished(1900, 10) == 1
        assert ask("SELECT id FROM games WHERE id = ANY(%s)", games) == [(theirs,)]
