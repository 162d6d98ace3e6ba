"""Sessions with a real PostgreSQL that turns read-only, changes the password, stalls, or has no room.

Also what goes over the wire: nothing that a pooler between server and PostgreSQL could not bear.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from time import monotonic
from typing import Any
from urllib.parse import urlsplit

import pytest
import structlog
from polling import eventually
from psycopg.pq import TransactionStatus
from stored_games import a_game, a_server, created, entry, new_id
from wiretap import wiretap

from chess_server.store.errors import BrokenGameError, SaturatedError, UnavailableError
from chess_server.store.postgres import database, sessions
from chess_server.store.url_file import UrlFile

log = structlog.get_logger(__name__)

pytestmark = pytest.mark.integration


@contextlib.contextmanager
def read_only(order: Any) -> Iterator[None]:
    order("ALTER SYSTEM SET default_transaction_read_only = on", "SELECT pg_reload_conf()")
    try:
        yield
    finally:
        order("ALTER SYSTEM RESET default_transaction_read_only", "SELECT pg_reload_conf()")


async def test_a_move_is_stored_once_a_read_only_database_takes_writes_again(own: Any, order: Any) -> None:
    async with a_server(lambda: own.url) as server:
        game_id, first = await made(server), await made(server)
        with read_only(order):
            # PostgreSQL reloads its settings some time after it was told to: the first move may still be stored.
            noticing = asyncio.create_task(server.store(entry(first, 1)))
            await eventually(lambda: "read-only" in server.health.reason, lambda: server.health.reason)
            waiting = asyncio.create_task(server.store(entry(game_id, 1)))
            assert server.health.outages.open, "nobody's clock runs meanwhile"
            assert await server.database.load(game_id) is not None, "who looks on needs no writer"
            assert server.health.outages.open, "that it can be read does not make it available"
            assert not waiting.done()
        writable_at = monotonic()
        await asyncio.gather(noticing, waiting)
        seconds = monotonic() - writable_at
        log.info("acknowledged after the database takes writes", seconds=seconds)
        assert seconds < 20, "it is about one second, and no more than five on a machine that is not too busy"
        assert (server.health.reason, server.health.outages.open) == ("", ())


async def test_it_is_noticed_without_a_move_that_the_database_takes_writes_again(
    own: Any, order: Any
) -> None:
    async with a_server(lambda: own.url) as server:

        async def refused() -> bool:
            with contextlib.suppress(UnavailableError):
                await server.database.create_game(a_game(new_id()))
            return bool(server.health.outages.open)

        with read_only(order):
            await eventually(refused, "the setting reaches the session")
        await eventually(lambda: not server.health.outages.open, "the outage ends")


async def test_a_rotated_password_is_read_from_the_file_at_the_next_connection(
    own: Any, order: Any, tmp_path: Path
) -> None:
    file = tmp_path / "database.url"
    file.write_text(own.url)
    rotated = own.url.replace(urlsplit(own.url).password, "rotated")
    async with a_server(UrlFile(str(file), own.url, sessions.database_url)) as server:
        game_id = await made(server)
        await server.store(entry(game_id, 1))
        try:
            order("ALTER ROLE chess PASSWORD 'rotated'")
            await server.committer.commit(entry(game_id, 2))  # by the session that is open
            assert server.health.reason == ""
            order("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'chess'")
            waiting = asyncio.create_task(server.store(entry(game_id, 3)))
            await eventually(lambda: "password" in server.health.reason, lambda: server.health.reason)
            assert server.health.outages.open, "nobody's clock runs meanwhile"
            file.write_text(rotated)
            await waiting
            assert server.health.outages.open == ()
        finally:
            order(f"ALTER ROLE chess PASSWORD '{urlsplit(own.url).password}'")


async def test_while_reads_are_saturated_moves_are_stored_and_clocks_run(
    own: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sessions, "DEADLINE_SECONDS", 300.0)
    held, released = asyncio.Event(), asyncio.Event()
    async with a_server(lambda: own.url) as server:
        game_id = await made(server)

        async def hold(session: Any) -> None:
            await session.execute("SELECT 1")
            held.set()
            await released.wait()

        async def read() -> bool:
            try:
                await server.sessions.run("reads", hold)
            except SaturatedError:
                return False
            return True

        reads = asyncio.gather(*(read() for _ in range(60)))
        await held.wait()  # one has a session, and the others come before whoever asks from now on
        with pytest.raises(SaturatedError):
            await server.database.load(game_id)
        for ply in (1, 2, 3):
            async with asyncio.timeout(60):
                await server.committer.commit(entry(game_id, ply))
        assert await server.database.load(game_id, for_player=True) is not None
        with pytest.raises(SaturatedError):
            await server.database.load(game_id)
        released.set()
        assert set(await reads) == {True, False}
        assert server.health.outages.closed == server.health.outages.open == ()


async def test_without_a_free_slot_no_clock_stops_and_the_reason_is_known(own: Any, order: Any) -> None:
    order("ALTER ROLE chess CONNECTION LIMIT 0")
    try:
        async with a_server(lambda: own.url) as server:
            with pytest.raises(SaturatedError):
                await server.database.create_game(a_game(new_id()))
            assert server.health.reason.endswith('too many connections for role "chess"')
            assert server.health.outages.open == ()
            order("ALTER ROLE chess CONNECTION LIMIT -1")
            await eventually(lambda: not server.health.reason, "a slot is found")
    finally:
        order("ALTER ROLE chess CONNECTION LIMIT -1")


async def test_a_database_that_accepts_and_says_nothing_is_left_after_a_while(
    own: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sessions, "DEADLINE_SECONDS", 1.0)
    async with wiretap(own.url) as tap, a_server(lambda: tap.url) as server:
        game_id = await made(server)
        tap.stall()
        waiting = asyncio.create_task(server.store(entry(game_id, 1)))
        await eventually(lambda: bool(server.health.outages.open), "it is noticed")
        tap.flow()
        await waiting


async def test_neither_startup_options_nor_prepared_statements_go_over_the_wire(own: Any) -> None:
    async with (
        wiretap(f"{own.url}?sslmode=disable&gssencmode=disable") as tap,
        a_server(lambda: tap.url) as server,
    ):
        game_id = await made(server)
        for ply in range(1, 8):
            await server.committer.commit(entry(game_id, ply))
        await server.committer.commit(entry(game_id, ply=7, end="draw"))
        assert await server.database.load(game_id) is not None
    assert tap.sent
    for sent in map(bytes, tap.sent):
        length = int.from_bytes(sent[:4])
        assert {"user", "database"} <= set(_parameters(sent[8:length])) <= ALLOWED_PARAMETERS
        assert set(_kinds(sent[length:])) <= {"p", "Q", "X"}, "simple queries alone, which any pooler takes"


async def test_a_batch_takes_one_message_and_only_what_is_not_as_expected_is_compared(
    own: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "IDLE_SECONDS", 3600.0)  # no probe meanwhile
    async with (
        wiretap(f"{own.url}?sslmode=disable&gssencmode=disable") as tap,
        a_server(lambda: tap.url) as server,
    ):
        one, two = await made(server), await made(server)
        batches = [
            ([entry(one, 1), entry(two, 1)], {one: "store", two: "store"}, 1),
            ([entry(one, 2), entry(two, 1)], {one: "store", two: "agreed"}, 4),
            ([entry(one, 2, 3), entry(two, ply=1, end="draw")], {one: "store", two: "store"}, 4),
        ]
        await server.database.commit([])
        for entries, became, messages in batches:
            sent = _queries(tap)
            assert await server.database.commit(entries) == became
            assert _queries(tap) - sent == messages


def _queries(tap: Any) -> int:
    return sum(list(_kinds(sent[int.from_bytes(sent[:4]) :])).count("Q") for sent in map(bytes, tap.sent))


ALLOWED_PARAMETERS = {"user", "database", "application_name", "client_encoding"}


def _parameters(startup: bytes) -> list[str]:
    return startup.decode().rstrip("\0").split("\0")[::2]


def _kinds(messages: bytes) -> Iterator[str]:
    """The type of each message that follows the startup."""
    while messages:
        yield chr(messages[0])
        messages = messages[1 + int.from_bytes(messages[1:5]) :]


async def made(server: Any) -> str:
    game_id = new_id()
    await created(server.database, game_id)
    return game_id


@pytest.fixture
async def one_session(url: str) -> AsyncIterator[sessions.Sessions]:
    """Sessions of which there is one for each use."""
    made = sessions.Sessions(lambda: url, None, most=3)
    await made.open()
    yield made
    await made.close()


async def _pid(session: sessions.Session) -> int:
    await session.execute("SELECT pg_sleep(0.01)")  # others come meanwhile
    cursor = await session.execute("SELECT pg_backend_pid()")
    [pid] = await cursor.fetchone() or [0]
    return int(pid)


async def test_whoever_waits_for_the_only_session_gets_it(one_session: sessions.Sessions) -> None:
    async def again_and_again() -> list[int]:
        return [await one_session.run("moves", _pid) for _ in range(10)]

    async with asyncio.timeout(60):
        found = await asyncio.gather(*(again_and_again() for _ in range(4)))
    assert len({pid for pids in found for pid in pids}) == 1


async def test_a_failed_call_leaves_no_transaction_to_the_next(one_session: sessions.Sessions) -> None:
    async def fail(session: sessions.Session) -> None:
        await session.ask("BEGIN; SELECT 1 / 0; COMMIT")

    async def status(session: sessions.Session) -> TransactionStatus:
        return session.info.transaction_status

    pid = await one_session.run("moves", _pid)
    with pytest.raises(BrokenGameError):
        await one_session.run("moves", fail)
    assert await one_session.run("moves", status) is TransactionStatus.IDLE
    assert await one_session.run("moves", _pid) == pid


async def test_a_session_that_ended_while_it_was_kept_is_replaced(
    one_session: sessions.Sessions, ask: Callable[..., Any]
) -> None:
    pid = await one_session.run("moves", _pid)
    ask("SELECT pg_terminate_backend(%s)", pid)

    async def replaced() -> bool:
        with contextlib.suppress(UnavailableError):
            return await one_session.run("moves", _pid) != pid
        return False

    await eventually(replaced, "a new session")


async def test_closing_ends_a_session_that_is_kept(url: str, ask: Callable[..., Any]) -> None:
    made = sessions.Sessions(lambda: url, None, most=3)
    await made.open()
    pids = [await made.run(use, _pid) for use in ("moves", "commits", "reads")]
    await made.close()
    await eventually(
        lambda: ask("SELECT pid FROM pg_stat_activity WHERE pid = ANY(%s)", pids) == [], "no session is left"
    )
