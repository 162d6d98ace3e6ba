"""No socket outlives its player's wish: one that nobody owns would hold a draining pod until its deadline."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from polling import eventually
from websockets.asyncio.server import Server, ServerConnection, serve

from chess_bench.bots.effects import Abandon, Close, Effect, Open
from chess_bench.bots.sockets import Sockets


class Silent:
    """A player that only notes what it learns."""

    def __init__(self) -> None:
        self.learned = list[str]()

    def opened(self, _socket: int) -> None:
        self.learned.append("opened")

    def refused(self, _socket: int, _retry_after_seconds: float | None) -> None:
        self.learned.append("refused")

    def received(self, _socket: int, _text: str) -> None:
        self.learned.append("received")

    def closed(self, _socket: int, _code: int | None) -> None:
        self.learned.append("closed")


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    async def wait(connection: ServerConnection) -> None:
        await connection.wait_closed()

    async with serve(wait, "127.0.0.1", 0) as running:
        yield running


def connected(server: Server) -> Sockets:
    port: int = server.sockets[0].getsockname()[1]
    return Sockets("127.0.0.1", port, lambda _open: None)


@pytest.mark.parametrize("end", [Close(1), Abandon(1)], ids=["closed", "abandoned"])
@pytest.mark.parametrize("turns", [0, 1, 2, 3, 5])
async def test_a_socket_that_ends_while_it_is_opened_does_not_stay(
    server: Server, end: Effect, turns: int
) -> None:
    sockets, player = connected(server), Silent()
    sockets.carry_out(player, [Open(1, "/")])
    for _ in range(turns):
        await asyncio.sleep(0)
    sockets.carry_out(player, [end])
    await asyncio.gather(*sockets._opening)
    await eventually(lambda: not sockets.numbers, lambda: f"no socket: {sockets.numbers}")
    await eventually(lambda: not server.connections, "the server has none either")
    assert sockets.open == 0
    assert player.learned in ([], ["opened"])


async def test_a_refused_socket_is_reported_once(server: Server) -> None:
    sockets, player = connected(server), Silent()
    server.close()
    await server.wait_closed()
    sockets.carry_out(player, [Open(1, "/")])
    await eventually(lambda: player.learned, "it is refused")
    assert (player.learned, sockets.numbers) == (["refused"], ())
