"""Sessions with PostgreSQL: how they are opened, shared and thrown away.

What players of a running game wait for has pools of its own, so that whoever reads cannot starve it, and a new game
that is stored late keeps no move waiting. A session is kept until it breaks or proves useless (read-only, or its role
was revoked): its successor might be refused.
"""

import asyncio
import contextlib
import os
import socket
from collections.abc import Awaitable, Callable
from math import inf
from typing import Any, Literal, TypeVar
from weakref import WeakSet

import psycopg
from psycopg import AsyncClientCursor, AsyncConnection, generators
from psycopg.errors import error_from_result
from psycopg.pq import Escaping, ExecStatus
from psycopg.pq.abc import PGresult
from psycopg_pool import AsyncConnectionPool, PoolClosed, PoolTimeout

from chess_server.store.classification import from_postgresql
from chess_server.store.errors import AuthenticationError, ReadOnlyError, UnavailableError

DEADLINE_SECONDS = 7.0
"""How long a call may hold a session; PostgreSQL itself ends a statement sooner, if it can."""

RECONNECT_SECONDS = 1.0
"""How long a pool tries to connect by itself; after that it tries when it is asked."""

MOST_CALLS_WAITING = 1000
CLOSE_SECONDS = 2.0
WAIT_SECONDS = {"moves": 2.0, "late": 2.0, "commits": 2.0, "reads": 3.0}
LATE_SESSIONS = 2
SEPARATE = 3
"""From how many sessions on moves have one that nothing else uses."""

DONE = (ExecStatus.COMMAND_OK, ExecStatus.TUPLES_OK)
USELESS = (ReadOnlyError, AuthenticationError)

Use = Literal["moves", "late", "commits", "reads"]
"""Moves and ends in batches; those of games that are late; what else players wait for; who looks on."""
T = TypeVar("T")


def connection_settings(ca_file: str | None) -> dict[str, Any]:
    """Return psycopg's options: time limits, only a server that takes writes, and its certificate checked by a CA."""
    tls = {"sslmode": "verify-full", "sslrootcert": ca_file} if ca_file else {}
    return {
        "autocommit": True,
        "prepare_threshold": None,
        "connect_timeout": 3,
        "target_session_attrs": "read-write",
        "keepalives_idle": 5,
        "keepalives_interval": 2,
        "keepalives_count": 3,
        "tcp_user_timeout": 6000,
        "application_name": "chess-server",
        **tls,
    }


def database_url(text: str) -> str:
    """Return a URL as it is. Raises ValueError if that is none."""
    if "://" not in text:
        raise ValueError("not a URL")
    return text


class Session(AsyncConnection[Any]):
    """A connection that reports whether it could be made."""

    @classmethod
    async def connect(  # type: ignore[override]
        cls, conninfo: str = "", *, report: Callable[["Session | Exception"], None], **options: Any
    ) -> "Session":
        """Connect, and report the session or the error."""
        try:
            session = await super().connect(conninfo, **options)
        except (psycopg.Error, OSError) as error:
            report(error)
            raise
        report(session)
        return session

    async def ask(self, statement: str, *values: str) -> list[PGresult]:
        """Send statements in one message, and return the result of each; each `%s` is one of the values, quoted.

        For what is asked many times a second: a cursor takes longer than PostgreSQL, for it adapts every value.
        """
        quoted = [self._quote(value) for value in values]
        self.pgconn.send_query((statement % tuple(quoted)).encode())
        results: list[PGresult] = await self.wait(generators.execute(self.pgconn))
        for result in results:
            if result.status not in DONE:
                raise error_from_result(result)
        return results

    def _quote(self, value: str) -> str:
        return Escaping(self.pgconn).escape_literal(value.encode()).decode()


class _Pool:
    """The sessions of one use."""

    def __init__(
        self, use: Use, url: Callable[[], str], ca_file: str | None, most: int, least: int = 1
    ) -> None:
        self._keeps = least > 0
        self._free: Session | None = None
        self._asking = 0
        self._refused: UnavailableError | None = None
        self._made: WeakSet[Session] = WeakSet()
        self._wait_seconds = WAIT_SECONDS[use]
        options = {
            **connection_settings(ca_file),
            "cursor_factory": AsyncClientCursor,
            "report": self._report,
        }
        self.pool = AsyncConnectionPool(
            url,
            connection_class=Session,
            kwargs=options,
            min_size=least,
            max_size=most,
            max_waiting=MOST_CALLS_WAITING,
            max_lifetime=inf,
            reconnect_timeout=RECONNECT_SECONDS,
            open=False,
            name=use,
        )

    async def run(self, work: Callable[[Session], Awaitable[T]]) -> T:
        """Call with a session."""
        try:
            session = await self._take()
            try:
                answer = await _within_time(session, work)
            except BaseException:
                await self._take_back(session)
                raise
            await self._give_back(session)
        except (psycopg.Error, PoolClosed, OSError) as error:
            if isinstance(error, PoolTimeout) and self._refused and all(one.closed for one in self._made):
                raise self._refused from error
            raise from_postgresql(error) from error
        return answer

    async def close(self) -> None:
        """Close its sessions."""
        free, self._free = self._free, None
        if free is not None:
            await self.pool.putconn(free)
        await self.pool.close(timeout=CLOSE_SECONDS)

    async def _take(self) -> Session:
        """Take the session at hand, which was used last: the pool's way takes as long as a batch of moves."""
        free, self._free = self._free, None
        if free is not None:
            return free
        self._asking += 1
        try:
            return await self.pool.getconn(self._wait_seconds)
        finally:
            self._asking -= 1

    async def _give_back(self, session: Session) -> None:
        """Keep a session at hand, unless others wait for one."""
        if self._keeps and self._free is None and not self._asking and not self.pool.closed:
            self._free = session
        else:
            await self.pool.putconn(session)

    async def _take_back(self, session: Session) -> None:
        """Give back a session whose call has failed: no transaction stays open, and the pool replaces a broken one."""
        with contextlib.suppress(psycopg.Error, OSError):
            await session.rollback()
        await self.pool.putconn(session)

    def _report(self, found: "Session | Exception") -> None:
        if isinstance(found, Session):
            self._made.add(found)
            self._refused = None
        else:
            refused = from_postgresql(found)
            self._refused = refused if isinstance(refused, UnavailableError) else None


def shares(most: int) -> dict[Use, int]:
    """Divide sessions among the uses: a use without any shares those of moves. Late games get theirs beside these."""
    if most < SEPARATE:
        return {"moves": 1, "commits": 0, "reads": most - 1, "late": LATE_SESSIONS}
    commits = most // 2
    return {"moves": 1, "commits": commits, "reads": most - 1 - commits, "late": LATE_SESSIONS}


class Sessions:
    """All sessions of one server. `url` is asked at each connection."""

    def __init__(self, url: Callable[[], str], ca_file: str | None, most: int) -> None:
        self.url = url
        self._pools: dict[Use, _Pool] = {
            use: _Pool(use, url, ca_file, share, least=0 if use == "late" else 1)
            for use, share in shares(most).items()
            if share
        }

    async def open(self) -> None:
        """Begin to connect."""
        for each in self._pools.values():
            await each.pool.open(wait=False)

    async def close(self) -> None:
        """Close all sessions."""
        for each in self._pools.values():
            await each.close()

    async def run(self, use: Use, work: Callable[[Session], Awaitable[T]]) -> T:
        """Call with a session. Raises UnavailableError and BrokenGameError."""
        return await self._pools.get(use, self._pools["moves"]).run(work)


async def _within_time(session: Session, work: Callable[[Session], Awaitable[T]]) -> T:
    late = asyncio.get_running_loop().call_later(DEADLINE_SECONDS, _cut, session)
    try:
        return await work(session)
    except psycopg.Error as error:
        if isinstance(from_postgresql(error), USELESS):
            await session.close()
        raise
    finally:
        late.cancel()


def _cut(session: Session) -> None:
    """End the connection, so that its call fails. Cancelled, it would go on waiting for the server."""
    with contextlib.suppress(OSError, psycopg.Error), socket.socket(fileno=os.dup(session.fileno())) as copy:
        copy.shutdown(socket.SHUT_RDWR)
