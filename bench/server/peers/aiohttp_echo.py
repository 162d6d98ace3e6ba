# ruff: noqa: INP001 - a program of its own, in an environment of its own
"""An echo on aiohttp, with its defaults."""

import os

from aiohttp import WSMsgType, web


async def echo(request: web.Request) -> web.WebSocketResponse:
    """Send every message back."""
    socket = web.WebSocketResponse()
    await socket.prepare(request)
    async for message in socket:
        if message.type is WSMsgType.TEXT:
            await socket.send_str(message.data)
    return socket


app = web.Application()
app.add_routes([web.get("/echo", echo)])
web.run_app(app, host="127.0.0.1", port=int(os.environ["PORT"]), print=None)
