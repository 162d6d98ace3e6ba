"""`/livez`, `/readyz` and `/metrics`.

Alive means that every loop still runs and that the watches still bring what the API server has: a process whose watch
has died silently looks fine in every other respect.
"""

import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from aiohttp import web

from chess_operator.metrics import Metrics
from chess_operator.settings import Address

BACKLOG = 128
EVERY_ADDRESS = frozenset({"0.0.0.0", "::"})  # noqa: S104 - names what a user may ask for

Check = Callable[[], str | None]
"""Returns what is wrong, or None."""


def ran_lately(what: str, ran_at: Callable[[], float | None], limit_seconds: float) -> Check:
    """Make a check that a loop has run (monotonic time) within the limit."""

    def check() -> str | None:
        at = ran_at()
        if at is None or (age := time.monotonic() - at) < limit_seconds:
            return None
        return f"{what} has not run for {age:.0f} s (limit {limit_seconds:g} s)"

    return check


@dataclass(kw_only=True)
class Health:
    """All checks, and a small HTTP server that answers with them."""

    metrics: Metrics
    alive: list[Check] = field(default_factory=list)
    ready: list[Check] = field(default_factory=list)
    _runner: web.AppRunner | None = None

    async def start(self, address: Address) -> int:
        """Listen; return the port, which differs from the given one only if that was 0."""
        app = web.Application()
        app.router.add_get("/livez", self._livez)
        app.router.add_get("/readyz", self._readyz)
        app.router.add_get("/metrics", self._metrics)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        if address.host in EVERY_ADDRESS:
            await web.SockSite(self._runner, _everywhere(address.port)).start()
        else:
            await web.TCPSite(self._runner, address.host, address.port).start()
        port: int = self._runner.addresses[0][1]
        return port

    async def stop(self) -> None:
        """Stop listening."""
        if self._runner is not None:
            await self._runner.cleanup()

    async def _livez(self, _: web.Request) -> web.Response:
        return _answer(self.alive)

    async def _readyz(self, _: web.Request) -> web.Response:
        return _answer(self.ready)

    async def _metrics(self, _: web.Request) -> web.Response:
        return web.Response(body=self.metrics.text(), headers={"Content-Type": self.metrics.content_type})


def _everywhere(port: int) -> socket.socket:
    """Listen on every address of both families, so that a pod needs no setting that depends on its network."""
    if not socket.has_dualstack_ipv6():
        return socket.create_server(("0.0.0.0", port), backlog=BACKLOG)  # noqa: S104 - the user asked for it
    return socket.create_server(("::", port), family=socket.AF_INET6, backlog=BACKLOG, dualstack_ipv6=True)


def _answer(checks: list[Check]) -> web.Response:
    problems = [problem for check in checks if (problem := check()) is not None]
    if problems:
        return web.Response(status=503, text="\n".join(problems) + "\n")
    return web.Response(text="ok\n")
