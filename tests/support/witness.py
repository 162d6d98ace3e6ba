"""A player who sits in a game, moves nothing, goes nowhere, and notes what it receives."""

import json
import secrets
from dataclasses import dataclass, field

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed


@dataclass(slots=True)
class Witness:
    """Its socket, the types of what it received, and with which code the socket was closed."""

    socket: ClientConnection
    received: list[str] = field(default_factory=list)
    code: int | None = None

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
    return Witness(await connect(f"{url}{path}?sri={sri}", compression=None))
