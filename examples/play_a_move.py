"""Find an opponent, play one move, and leave once the server has stored it. Run it twice: a game takes two players.

    python examples/play_a_move.py ws://127.0.0.1:8080

docs/protocol.md has every message. A client for people also follows `serverRestart`, resumes with `v` and `epoch`, and
uses `url` where a server gives or takes no token.
"""

import asyncio
import json
import secrets
import sys
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

FIRST_MOVES = {"white": "e2e4", "black": "e7e5"}


async def receive(socket: ClientConnection, kind: str) -> Any:
    """Return the data of the next message of this kind."""
    while (message := json.loads(await socket.recv()))["t"] != kind:
        if message["t"] in {"error", "nack"}:
            sys.exit(f"refused: {message['d']['message']}")
    return message["d"]


async def play(server: str) -> None:
    """Wait in the pool 10+5, then play the first move of the color that was drawn."""
    sri = secrets.token_hex(8)
    async with connect(f"{server}/lobby/socket?sri={sri}") as lobby:
        await lobby.send(json.dumps({"t": "poolIn", "d": {"id": "10+5"}}))
        seat = await receive(lobby, "redirect")
    if "token" not in seat:
        sys.exit("refused: the server gives no tokens; CHESS_TOKEN_KEYS_FILE names its keys")
    game, offered = seat["id"][:8], ["chess.v1", f"chess.token.{seat['token']}"]
    async with connect(f"{server}/play/{game}?sri={sri}", subprotocols=offered) as socket:
        board, move = await receive(socket, "full"), FIRST_MOVES[seat["color"]]
        if board["turn"] != seat["color"]:
            await receive(socket, "move")
        await socket.send(json.dumps({"t": "move", "d": {"u": move, "a": 1}}))
        await receive(socket, "ack")
        print(f"{seat['color']}: {move} is stored in game {board['game']['id']}")


asyncio.run(play(sys.argv[1]))
