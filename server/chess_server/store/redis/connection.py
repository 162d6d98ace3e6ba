"""One connection to Redis for many calls at once: what is sent in one turn of the loop leaves in one write.

Replies come in the order of the calls, so each call waits in a queue. A call whose caller was cancelled keeps its place
there, and its reply is dropped. The call at the head is the oldest: if it has waited for too long, so will all behind
it, and the connection is closed. That is why a late reply never meets the wrong call.
"""

import asyncio
import socket
from collections import deque
from collections.abc import Callable
from typing import Any

import hiredis
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

from chess_server.store.errors import SaturatedError
from chess_server.store.redis.replies import NOTHING, parser

CALL_SECONDS = 2.0
"""How long a call may wait for its reply."""
GRACE_SECONDS = 0.1
"""A reply may have come already while this process was busy: it is given time to be read."""
MOST_CALLS = 16_384
"""How many calls may wait on one connection; more than that are refused at once."""


class RedisConnection(asyncio.Protocol):
    """A connection; `endpoint` opens it and says who we are.

    A reply, or the error in its place, is the result of the call's future: an error is raised by who awaits it.
    """

    def __init__(self, name: str, call_seconds: float = CALL_SECONDS) -> None:
        self.name = name
        self.closed = False
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        """Done when the connection is closed."""
        self.on_message: Callable[[Any], None] | None = None
        """Set by a subscription: gets every reply from then on, and no call may be made."""
        self._loop = asyncio.get_running_loop()
        self._call_seconds = call_seconds
        self._transport: asyncio.Transport | None = None
        self._parser = parser()
        self._unsent: list[bytes] = []
        self._calls: deque[tuple[asyncio.Future[Any], float]] = deque()
        self._watch: asyncio.TimerHandle | None = None
        self._reason: Exception | None = None

    # Calls

    def call(self, command: bytes) -> asyncio.Future[Any]:
        """Send a command; its future's result is the reply. Raises SaturatedError, and redis-py's ConnectionError."""
        if self.closed:
            raise self._error()
        if len(self._calls) >= MOST_CALLS:
            raise SaturatedError("redis", f"{MOST_CALLS} calls wait for {self.name} already")
        future: asyncio.Future[Any] = self._loop.create_future()
        self._calls.append((future, self._loop.time()))
        if self._watch is None:
            self._watch = self._loop.call_later(self._call_seconds, self._check, None)
        self.send(command)
        return future

    def send(self, command: bytes) -> None:
        """Send a command without waiting for its reply; nothing is sent if the connection is closed."""
        if not self._unsent:
            self._loop.call_soon(self._flush)
        self._unsent.append(command)

    def close(self, reason: Exception | None = None) -> None:
        """Close at once; all calls that wait fail with `reason`."""
        self._reason = self._reason or reason
        if self._transport is not None:
            self._transport.abort()
        self._end()

    def _flush(self) -> None:
        commands, self._unsent = self._unsent, []
        if self._transport is not None and not self.closed:
            self._transport.write(commands[0] if len(commands) == 1 else b"".join(commands))

    # What asyncio calls

    def connection_made(self, transport: Any) -> None:
        """Keep the transport; asyncio has switched Nagle's algorithm off."""
        self._transport = transport
        held = transport.get_extra_info("socket")
        if held is not None:
            held.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)

    def data_received(self, data: bytes) -> None:
        """Answer the calls whose replies are complete."""
        feed, receive = self._parser.gets, self._receive
        self._parser.feed(data)
        try:
            while (reply := feed()) is not NOTHING and not self.closed:
                receive(reply)
        except hiredis.ProtocolError as error:
            self.close(RedisConnectionError(f"{self.name} sent what is not Redis' protocol: {error}"))

    def connection_lost(self, error: Exception | None) -> None:
        """Fail all calls that wait."""
        self._reason = self._reason or RedisConnectionError(
            f"{self.name} closed the connection: {error or 'end'}"
        )
        self._end()

    def _receive(self, reply: Any) -> None:
        if self.on_message is not None:
            self.on_message(reply)
        elif self._calls:
            future, _ = self._calls.popleft()
            if not future.done():  # its caller was cancelled
                future.set_result(reply)
        else:
            # Redis says why it closes a connection (too many clients, an output buffer that is too long).
            self.close(
                reply
                if isinstance(reply, Exception)
                else RedisConnectionError("a reply that nobody asked for")
            )

    # The end

    def _check(self, suspect: "asyncio.Future[Any] | None") -> None:
        """Close the connection if its oldest call has waited for too long, at the second look."""
        self._watch = None
        if not self._calls:
            return
        head, since = self._calls[0]
        left = since + self._call_seconds - self._loop.time()
        if left > 0:
            self._watch = self._loop.call_later(left, self._check, None)
        elif head is suspect:
            self.close(RedisTimeoutError(f"{self.name} has not answered for {self._call_seconds:g} s"))
        else:
            self._watch = self._loop.call_later(GRACE_SECONDS, self._check, head)

    def _end(self) -> None:
        if self.closed:
            return
        self.closed = True
        if self._watch is not None:
            self._watch.cancel()
        if not self.ended.done():
            self.ended.set_result(None)
        calls, self._calls = self._calls, deque()
        for future, _ in calls:
            if not future.done():
                future.set_result(self._error())

    def _error(self) -> Exception:
        """Make the error of one call: an exception that many raise would collect all their tracebacks."""
        reason = self._reason or RedisConnectionError(f"the connection to {self.name} was closed")
        return type(reason)(*reason.args)

    @property
    def reason(self) -> Exception:
        """Why it was closed."""
        return self._error()
