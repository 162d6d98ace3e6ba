# ruff: noqa: INP001 - a program of its own: the bench's package shares no code with the server
"""An echo on the game server's own transport and event loop."""

import asyncio
import os
from typing import Any

import uvloop

from chess_server.transport.link import Ending, Limits, Link
from chess_server.transport.picows import PicowsTransport


class Echo:
    """Sends every message back."""

    link: Link

    def opened(self, link: Link) -> None:
        """Keep the socket's own end."""
        self.link = link

    def text(self, message: bytes) -> None:
        """Send it back."""
        self.link.send(message)

    def control(self) -> None:
        """Count nothing."""

    def closed(self, ending: Ending) -> None:
        """Do nothing."""


def admit(*_request: Any) -> Echo:
    """Let everybody in."""
    return Echo()


async def main() -> None:
    """Serve until killed."""
    transport = PicowsTransport(admit, Limits())
    await transport.start("127.0.0.1", int(os.environ["PORT"]))
    await asyncio.Event().wait()


uvloop.run(main())
