"""A real PostgreSQL keeps one history of each game, whoever asks it to store another."""

import asyncio
from typing import Any

import psycopg
import pytest
from msgspec.structs import replace
from polling import eventually
from stored_games import LINE, a_server, created, entry, new_id, row

from chess_server.game.record import MoveRow
from chess_server.store.errors import CorruptError, RefusedRowError
from chess_server.store.postgres.database import Database
from chess_server.store.postgres.fence import Entry

pytestmark = pytest.mark.integration


async def made(database: Database, *plies: int) -> str:
    """Store a new game with these moves."""
    game_id = new_id()
    await created(database, game_id)
    if plies:
        assert await database.commit([entry(game_id, *plies)]) == {game_id: "store"}
    return game_id


async def taken_over(database: Database, game_id: str) -> int:
    seen = await database.load(game_id)
    assert seen is not None
    game = await database.take_over(seen)
    assert game is not None
    return game.epoch


async def test_the_old_side_stores_neither_a_move_nor_an_end(database: Database, ask: Any) -> None:
    game_id = await made(database, 1, 2)
    assert await taken_over(database, game_id) == 2
    assert await database.commit([entry(game_id, 3)]) == {game_id: "contradicted"}
    assert await database.commit([entry(game_id, ply=2, end="draw")]) == {game_id: "contradicted"}
    assert await database.commit([entry(game_id, 3, epoch=2)]) == {game_id: "store"}
    assert await database.commit([entry(game_id, epoch=2, ply=3, end="resign")]) == {game_id: "store"}
    assert await database.commit([entry(game_id, epoch=2, ply=3, end="draw")]) == {game_id: "contradicted"}
    assert ask("SELECT status, epoch FROM games WHERE id = %s", game_id) == [("resign", 2)]
    assert ask("SELECT count(*) FROM moves WHERE game_id = %s", game_id) == [(3,)]


async def test_what_is_stored_may_be_stored_again(database: Database, ask: Any) -> None:
    game_id = await made(database, 1)
    for _ in range(2):
        assert await database.commit([entry(game_id, 1)]) == {game_id: "agreed"}
    last = entry(game_id, 2, end="mate")
    assert await database.commit([last]) == {game_id: "store"}
    [(ended,)] = ask("SELECT finished_at FROM games WHERE id = %s", game_id)
    assert await database.commit([last]) == {game_id: "agreed"}
    assert ask("SELECT finished_at FROM games WHERE id = %s", game_id) == [(ended,)]


async def test_a_move_that_would_leave_a_hole_is_not_stored(database: Database, ask: Any) -> None:
    game_id = await made(database, 1, 2)
    assert await database.commit([entry(game_id, 4)]) == {game_id: "contradicted"}
    assert ask("SELECT max(ply) FROM moves WHERE game_id = %s", game_id) == [(2,)]


async def test_looking_writes_nothing(database: Database, ask: Any) -> None:
    games = [await made(database, 1), await made(database, 1)]
    await database.commit([entry(games[1], ply=1, end="resign")])
    before = ask("SELECT id, epoch, xmin FROM games WHERE id = ANY(%s) ORDER BY id", games)
    for game_id in games:
        seen = await database.load(game_id)
        assert seen is not None
        assert (seen.epoch, seen.moves, seen.over) == (1, LINE[0], game_id == games[1])
    assert ask("SELECT id, epoch, xmin FROM games WHERE id = ANY(%s) ORDER BY id", games) == before
    assert await database.load("nobody's") is None


async def test_of_many_that_take_a_game_over_one_does(database: Database, other: Database, ask: Any) -> None:
    game_id = await made(database, 1)
    seen = await database.load(game_id)
    assert seen is not None
    games = await asyncio.gather(*(side.take_over(seen) for side in (database, other) * 4))
    assert [game.epoch for game in games if game is not None] == [2]
    assert ask("SELECT epoch FROM games WHERE id = %s", game_id) == [(2,)]


async def test_a_finished_game_is_not_taken_over(database: Database) -> None:
    game_id = await made(database, 1)
    seen = await database.load(game_id)
    assert seen is not None
    await database.commit([entry(game_id, ply=1, end="resign")])
    assert await database.take_over(seen) is None


async def test_a_game_taken_over_has_the_moves_stored_since_it_was_seen(database: Database) -> None:
    game_id = await made(database, 1)
    seen = await database.load(game_id)
    assert seen is not None
    await database.commit([entry(game_id, 2)])
    game = await database.take_over(seen)
    assert game is not None
    assert (game.moves, game.v, game.epoch) == (" ".join(LINE[:2]), 2, 2)


async def test_batches_in_opposite_order_do_not_wait_for_each_other(
    database: Database, other: Database, ask: Any
) -> None:
    games = [await made(database) for _ in range(8)]
    for ply in range(1, len(LINE) + 1):
        waiting = {side: set(games) for side in (database, other)}
        while any(waiting.values()):
            batches = [(side, sorted(left, reverse=side is other)) for side, left in waiting.items() if left]
            found = await asyncio.gather(
                *(side.commit([entry(game_id, ply) for game_id in left]) for side, left in batches)
            )
            for (side, _), became in zip(batches, found, strict=True):
                assert set(became.values()) <= {"store", "agreed", "locked"}
                waiting[side] = {game_id for game_id, what in became.items() if what == "locked"}
    counts = ask("SELECT count(*) FROM moves WHERE game_id = ANY(%s) GROUP BY game_id", games)
    assert counts == [(len(LINE),)] * len(games)


async def test_a_game_that_another_transaction_holds_makes_no_other_wait(
    database: Database, url: str
) -> None:
    held, free = await made(database), await made(database)
    with psycopg.connect(url) as connection:
        connection.execute("SELECT FROM games WHERE id = %s FOR UPDATE", (held,))
        found = await database.commit([entry(held, 1), entry(free, 1)])
    assert found == {held: "locked", free: "store"}
    assert await database.commit([entry(held, 1)]) == {held: "store"}


async def test_a_game_without_a_row_makes_no_other_fail(database: Database) -> None:
    game_id = await made(database)
    assert await database.commit([entry("lost-one", 1), entry(game_id, 1)]) == {
        "lost-one": "missing",
        game_id: "store",
    }


async def test_a_history_with_a_hole_is_corrupt_and_is_not_taken_over(database: Database, ask: Any) -> None:
    game_id = await made(database, 1, 2, 3)
    ask("DELETE FROM moves WHERE game_id = %s AND ply = 2", game_id)
    with pytest.raises(CorruptError, match="hole"):
        await database.load(game_id)
    assert ask("SELECT epoch FROM games WHERE id = %s", game_id) == [(1,)]


async def test_a_row_that_is_refused_makes_no_other_wait(url: str) -> None:
    async with a_server(lambda: url) as server:
        games = [await made(server.database) for _ in range(7)]
        wanted = {game_id: entry(game_id, 1) for game_id in games}
        refused = replace(wanted[games[3]], rows=(MoveRow(1, "e2e4", "e4", 1, 2**40, 1),))
        wanted[games[3]] = refused
        async with asyncio.timeout(60):
            found = await asyncio.gather(
                *map(server.committer.commit, wanted.values()), return_exceptions=True
            )
        assert isinstance(found.pop(3), RefusedRowError)
        assert set(found) == {None}
        assert server.health.outages.open == server.health.outages.closed == ()


async def test_moves_are_taken_back_once_and_by_who_holds_the_game(database: Database, ask: Any) -> None:
    game_id = await made(database, 1, 2, 3)
    seen = await database.load(game_id)
    assert seen is not None
    assert not await database.take_back(replace(seen, ply=2), 1), "another has stored a move since"
    assert not await database.take_back(replace(seen, epoch=7), 1), "another holds the game"
    assert await database.take_back(seen, 1)
    assert not await database.take_back(seen, 1)
    again = await database.load(game_id)
    assert again is not None
    assert (again.epoch, again.moves) == (2, "e2e4")
    assert await database.commit([entry(game_id, 4)]) == {game_id: "contradicted"}, (
        "the move under way is late"
    )
    other = Entry(game_id=game_id, epoch=2, ply=2, rows=(row(2, "c7c5"),))
    assert await database.commit([other]) == {game_id: "store"}
    assert ask("SELECT uci FROM moves WHERE game_id = %s ORDER BY ply", game_id) == [("e2e4",), ("c7c5",)]


async def test_a_game_that_is_over_stays_as_it_ended(database: Database, ask: Any) -> None:
    game_id = await made(database, 1, 2, 3)
    seen = await database.load(game_id)
    assert seen is not None
    await database.commit([entry(game_id, ply=3, end="resign")])
    assert not await database.take_back(seen, 1)
    assert ask("SELECT count(*) FROM moves WHERE game_id = %s", game_id) == [(3,)]


async def test_a_move_is_either_stored_or_taken_back_with_the_others(
    database: Database, other: Database, ask: Any
) -> None:
    for _ in range(20):
        game_id = await made(database, 1, 2, 3)
        seen = await database.load(game_id)
        assert seen is not None
        taken, stored = await asyncio.gather(
            database.take_back(seen, 1), eventually_decided(other, entry(game_id, 4))
        )
        plies = [ply for (ply,) in ask("SELECT ply FROM moves WHERE game_id = %s ORDER BY ply", game_id)]
        assert (taken, stored, plies) in [(True, "contradicted", [1]), (False, "store", [1, 2, 3, 4])]


async def eventually_decided(database: Database, wanted: Entry) -> str:
    """Store an entry as the committer does, which tries a locked game again."""

    async def stored() -> str | None:
        verdict = (await database.commit([wanted]))[wanted.game_id]
        return None if verdict == "locked" else verdict

    return await eventually(stored, "a verdict") or ""
