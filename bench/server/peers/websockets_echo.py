# ruff: noqa: INP001 - a program of its own, in an environment of its own
"""An echo on `websockets`, with its defaults."""

import asyncio
import os

from websockets.asyncio.server import ServerConnection, serve


async def echo(connection: ServerConnection) -> None:
    """Send every message back."""
    async for message in connection:
        await connection.send(message)


async def main() -> None:
    """Serve until killed."""
    async with serve(echo, "127.0.0.1", int(os.environ["PORT"])) as server:
        await server.serve_forever()


asyncio.run(main())
