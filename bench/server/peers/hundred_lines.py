# ruff: noqa: INP001 - a program of its own, in an environment of its own
"""What one would write first: FastAPI, redis-py, psycopg and python-chess, in about a hundred lines.

It keeps the same promises on a good day: a move is legal, committed before it is acknowledged, and relayed by Redis, so
that opponents may be on different servers. It has nothing for a bad day: no resume, no retries, no clocks, no drains.
"""

import asyncio
import json
import os
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import chess
import uvicorn
from fastapi import FastAPI, WebSocket, WebSocketDisconnect
from psycopg_pool import AsyncConnectionPool
from redis.asyncio import BlockingConnectionPool, Redis

connections = BlockingConnectionPool.from_url(
    Path(os.environ["CHESS_REDIS_URL_FILE"]).read_text(), max_connections=50, decode_responses=True
)
redis = Redis(connection_pool=connections)
pool = AsyncConnectionPool(
    Path(os.environ["CHESS_DATABASE_URL_FILE"]).read_text(), min_size=4, max_size=8, open=False
)
channel = redis.pubsub()
players: dict[str, set[WebSocket]] = {}
waiting: list[WebSocket] = []
SCHEMA = """
CREATE TABLE IF NOT EXISTS games (id text PRIMARY KEY, created_at timestamptz NOT NULL DEFAULT now());
CREATE TABLE IF NOT EXISTS moves (
    game_id text NOT NULL REFERENCES games (id), ply integer NOT NULL, uci text NOT NULL, san text NOT NULL,
    played_at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (game_id, ply))
"""


@asynccontextmanager
async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
    """Open the database's connections, and make the tables."""
    await pool.open(wait=True)
    async with pool.connection() as connection:
        await connection.execute(SCHEMA)
    await channel.subscribe("server")
    relaying = asyncio.create_task(relay())
    yield
    relaying.cancel()
    await pool.close()


app = FastAPI(lifespan=lifespan)


@app.websocket("/lobby/socket")
async def lobby(socket: WebSocket) -> None:
    """Pair whoever waits with whoever comes next."""
    await socket.accept()
    try:
        await socket.receive_json()
        if not waiting:
            waiting.append(socket)
        else:
            await pair(waiting.pop(), socket)
        while True:
            await socket.receive_text()
    except WebSocketDisconnect:
        if socket in waiting:
            waiting.remove(socket)


async def pair(white: WebSocket, black: WebSocket) -> None:
    """Make a game and send both players there."""
    game_id = secrets.token_hex(4)
    keys = {"white": secrets.token_hex(6), "black": secrets.token_hex(6)}
    async with pool.connection() as connection:
        await connection.execute("INSERT INTO games (id) VALUES (%s)", (game_id,))
    await redis.hset(f"game:{game_id}", mapping={"fen": chess.STARTING_FEN, "moves": "", "ply": 0, **keys})
    for socket, color in ((white, "white"), (black, "black")):
        place = f"{game_id}{keys[color]}"
        await socket.send_json({"t": "redirect", "d": {"id": place, "url": f"/play/{place}", "color": color}})


@app.websocket("/play/{place}")
async def play(socket: WebSocket, place: str) -> None:
    """Play one game: take this player's moves, and pass on everybody's."""
    await socket.accept()
    game_id, key = place[:8], place[8:]
    game = await redis.hgetall(f"game:{game_id}")
    color = "white" if game.get("white") == key else "black"
    if game.get(color) != key:
        await socket.close(1008)
        return
    players.setdefault(game_id, set()).add(socket)
    await channel.subscribe(f"moves:{game_id}")
    try:
        await socket.send_json(
            {"t": "full", "d": {"moves": game["moves"], "fen": game["fen"], "color": color}}
        )
        while True:
            message = await socket.receive_json()
            if message["t"] == "move":
                await socket.send_json(await move(game_id, color, message["d"]))
    except WebSocketDisconnect:
        players[game_id].discard(socket)
        if not players[game_id]:
            await channel.unsubscribe(f"moves:{game_id}")


async def relay() -> None:
    """Send what is published about a game to its players on this server."""
    async for message in channel.listen():
        if message["type"] == "message":
            for socket in list(players.get(message["channel"].removeprefix("moves:"), ())):
                await socket.send_text(message["data"])


async def move(game_id: str, color: str, wish: dict[str, Any]) -> dict[str, Any]:
    """Check a move, commit it, publish it; return the answer."""
    game = await redis.hgetall(f"game:{game_id}")
    board = chess.Board(game["fen"])
    if (color == "white") != board.turn:
        return {"t": "nack", "d": {"a": wish["a"], "code": "not_your_turn"}}
    try:
        played = board.parse_uci(wish["u"])
    except ValueError:
        return {"t": "nack", "d": {"a": wish["a"], "code": "illegal_move"}}
    san = board.san_and_push(played)
    ply = int(game["ply"]) + 1
    async with pool.connection() as connection:
        await connection.execute(
            "INSERT INTO moves (game_id, ply, uci, san) VALUES (%s, %s, %s, %s)",
            (game_id, ply, wish["u"], san),
        )
    moves = f"{game['moves']} {wish['u']}".strip()
    await redis.hset(f"game:{game_id}", mapping={"fen": board.fen(), "moves": moves, "ply": ply})
    event = {"t": "move", "d": {"ply": ply, "uci": wish["u"], "san": san, "fen": board.fen()}}
    await redis.publish(f"moves:{game_id}", json.dumps(event))
    return {"t": "ack", "d": wish["a"]}


if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=int(os.environ["PORT"]), log_level="warning")
