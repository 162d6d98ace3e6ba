"""A player who sits in a game, moves nothing, goes nowhere, and notes what it receives."""

import asyncio
import json
import secrets
from dataclasses import dataclass, field

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus


@dataclass(slots=True)
class Witness:
    """Its socket, the types of what it received, and with which code the socket was closed."""

    socket: ClientConnection
    url: str
    received: list[str] = field(default_factory=list)
    code: int | None = None

    async def knock_again(self) -> str:
        """Come by the same way with a new socket; return what a server says to that: `admitted`, or why not."""
        await self.socket.close()
        try:
            async with asyncio.timeout(30), connect(self.url, compression=None):
                return "admitted"
        except InvalidStatus as refused:
            return str(json.loads(refused.response.body)["error"]["code"])

    async def listen(self) -> None:
        try:
            async for message in self.socket:
                body = json.loads(message)
                if isinstance(body, dict):
                    self.received.append(body["t"])
        except ConnectionClosed:
            pass
        self.code = self.socket.close_code


async def seat(url: str) -> Witness:
    """Come through the lobby into a game."""
    sri = secrets.token_hex(8)
    async with connect(f"{url}/lobby/socket?sri={sri}", compression=None) as lobby:
        await lobby.send(json.dumps({"t": "poolIn", "d": {"id": "10+5"}}))
        async for message in lobby:
            body = json.loads(message)
            if isinstance(body, dict) and body["t"] == "redirect":
                path = body["d"]["url"]
                break
    game = f"{url}{path}?sri={sri}"
    return Witness(await connect(game, compression=None), game)
