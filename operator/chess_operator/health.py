"""`/livez`, `/readyz` and `/metrics`.

Alive means that every loop still turns and that the watches still bring what the API server has: a process whose
watch died silently looks fine in every other respect.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from aiohttp import web

from chess_operator.metrics import Metrics
from chess_operator.settings import Address

Check = Callable[[], str | None]
"""Says what is wrong, or None."""


def turning(what: str, turned_at: Callable[[], float | None], limit: float) -> Check:
    """Make a check that a loop has turned (monotonic time) within `limit` seconds."""

    def check() -> str | None:
        at = turned_at()
        if at is None or (age := time.monotonic() - at) < limit:
            return None
        return f"{what} has not turned for {age:.0f} s (limit {limit:g} s)"

    return check


@dataclass(kw_only=True)
class Health:
    """All checks, and the small server that answers for them."""

    metrics: Metrics
    alive: list[Check] = field(default_factory=list)
    ready: list[Check] = field(default_factory=list)
    _runner: web.AppRunner | None = None

    async def start(self, address: Address) -> int:
        """Listen; returns the port, which differs from the asked one only if that was 0."""
        app = web.Application()
        app.router.add_get("/livez", self._livez)
        app.router.add_get("/readyz", self._readyz)
        app.router.add_get("/metrics", self._metrics)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, address.host, address.port).start()
        port: int = self._runner.addresses[0][1]
        return port

    async def stop(self) -> None:
        """Stop listening."""
        if self._runner is not None:
            await self._runner.cleanup()

    async def _livez(self, _: web.Request) -> web.Response:
        return _verdict(self.alive)

    async def _readyz(self, _: web.Request) -> web.Response:
        return _verdict(self.ready)

    async def _metrics(self, _: web.Request) -> web.Response:
        return web.Response(body=self.metrics.text(), headers={"Content-Type": self.metrics.content_type})


def _verdict(checks: list[Check]) -> web.Response:
    problems = [problem for check in checks if (problem := check()) is not None]
    if problems:
        return web.Response(status=503, text="\n".join(problems) + "\n")
    return web.Response(text="ok\n")
