"""A real PostgreSQL that is slow with one game: the others are stored meanwhile, and no clock stops."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from time import monotonic
from typing import Any

import psycopg
import pytest
import structlog
from polling import eventually
from stored_games import Server, a_game, a_server, created, entry, new_id

from chess_server.store.errors import LateError
from chess_server.store.postgres import database

pytestmark = pytest.mark.integration

log = structlog.get_logger(__name__)

NEIGHBOURS = 12
PLIES = (1, 2, 3)


@contextlib.contextmanager
def a_move_that_nobody_has_committed_yet(url: str, game_id: str) -> Iterator[None]:
    """Another transaction has inserted the same move; whoever inserts it again waits for its end."""
    with psycopg.connect(url) as connection:
        connection.execute(
            "SET session_replication_role = replica"
        )  # no foreign key: it locks the move alone
        connection.execute("INSERT INTO moves VALUES (%s, 1, 'a2a3', 'a3', 9, 1, 1)", (game_id,))
        yield
        connection.rollback()


@contextlib.contextmanager
def a_slow_trigger(url: str, game_id: str) -> Iterator[None]:
    """A trigger takes longer with this game's moves than a batch may."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("""
            CREATE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql AS
            'BEGIN PERFORM pg_sleep(20); RETURN NEW; END'""")
        connection.execute(
            f"""
            CREATE TRIGGER dawdling BEFORE INSERT ON moves FOR EACH ROW
            WHEN (NEW.game_id = '{game_id}') EXECUTE FUNCTION dawdle()""".encode()
        )
        try:
            yield
        finally:
            connection.execute("DROP TRIGGER dawdling ON moves")
            connection.execute("DROP FUNCTION dawdle()")


@contextlib.contextmanager
def a_locked_row(url: str, game_id: str) -> Iterator[None]:
    """Another transaction holds the game."""
    with psycopg.connect(url) as connection:
        connection.execute("SELECT FROM games WHERE id = %s FOR UPDATE", (game_id,))
        yield
        connection.rollback()


@pytest.fixture
async def server(own: Any) -> AsyncIterator[Server]:
    async with a_server(lambda: own.url) as made:
        yield made


@pytest.mark.parametrize("slow", [a_move_that_nobody_has_committed_yet, a_slow_trigger, a_locked_row])
async def test_a_late_game_makes_no_other_wait_and_is_stored_in_the_end(
    server: Server, superuser: str, slow: Any
) -> None:
    late, *others = [new_id() for _ in range(1 + NEIGHBOURS)]
    for game_id in (late, *others):
        await created(server.database, game_id)
    took = []
    with slow(superuser, late):
        waiting = asyncio.create_task(server.store(entry(late, 1)))
        for ply in PLIES:
            began = monotonic()
            async with asyncio.timeout(20):
                await asyncio.gather(*(server.committer.commit(entry(game_id, ply)) for game_id in others))
            took.append(monotonic() - began)
        assert not waiting.done()
        assert server.health.outages.open == server.health.outages.closed == ()
        assert server.health.reason == ""
    log.info("neighbours are stored", while_there_is=slow.__name__, seconds=took)
    await waiting
    assert await server.database.commit([entry(late, 1)]) == {late: "agreed"}


async def test_a_new_game_that_is_late_keeps_no_move_waiting(server: Server, superuser: str) -> None:
    game_id = new_id()
    await created(server.database, game_id)
    new = [new_id() for _ in range(8)]
    with contextlib.ExitStack() as held:
        for each in new:
            other = held.enter_context(psycopg.connect(superuser))
            other.execute(
                "INSERT INTO games (id, white_player, black_player, initial_seconds, increment_seconds, status)"
                " VALUES (%s, '', '', 1, 1, 'started')",
                (each,),
            )
        creating = [asyncio.create_task(server.database.create_game(a_game(each))) for each in new]
        await asyncio.sleep(0)
        for ply in PLIES:
            async with asyncio.timeout(20):
                await server.committer.commit(entry(game_id, ply))
        assert not any(task.done() for task in creating)
        for task in creating:
            task.cancel()
        await asyncio.wait(creating)


async def test_while_the_tables_are_locked_no_clock_stops_and_the_reason_is_known(
    server: Server, superuser: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "IDLE_SECONDS", 0.5)
    game_id = new_id()
    await created(server.database, game_id)
    with psycopg.connect(superuser) as connection:
        connection.execute("LOCK TABLE moves IN SHARE MODE")
        with pytest.raises(LateError):
            await asyncio.wait_for(server.committer.commit(entry(game_id, 1)), 60)
        await eventually(
            lambda: "lock timeout" in server.health.reason, lambda: server.health.reason, within=60
        )
        connection.rollback()
    await server.store(entry(game_id, 1))
    await eventually(lambda: not server.health.reason, lambda: server.health.reason)
    assert server.health.outages.open == server.health.outages.closed == ()
