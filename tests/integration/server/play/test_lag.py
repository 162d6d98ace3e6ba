"""What a slow connection costs a player, and what a client wins that answers pings late on purpose."""

import asyncio
import time
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, NamedTuple

import pytest
from relay import relay
from websockets.asyncio.client import ClientConnection
from websockets.frames import Frame, Opcode

pytestmark = pytest.mark.integration

PING_SECONDS, LATE_SECONDS = 2.0, 1.5
WAY_SECONDS = 0.125
LINE = [
    "e2e4",
    "e7e5",
    "g1f3",
    "b8c6",
    "f1b5",
    "a7a6",
    "b5a4",
    "g8f6",
    "e1g1",
    "f8e7",
    "f1e1",
    "b7b5",
    "a4b3",
    "d7d6",
]
COUNTED = len(LINE) // 2 - 1
"""White's moves but the first, for which no clock runs."""


class Answering(ClientConnection):
    """A client that tells when it has answered a ping."""

    def __init__(self, *about: Any, **options: Any) -> None:
        super().__init__(*about, **options)
        self._send_now = self.protocol.send_frame
        self.protocol.send_frame = self._send  # type: ignore[method-assign]
        self.answered = asyncio.Event()

    def _send(self, frame: Frame) -> None:
        self._send_now(frame)
        if frame.opcode is Opcode.PONG:
            self.answered.set()

    async def measured(self) -> None:
        """Wait until the server knows a round trip: it has read the first pong once it answers what came after it."""
        await self.answered.wait()
        await (await self.ping())


class Late(Answering):
    """A client that answers each ping late, and sends everything else at once."""

    def _send(self, frame: Frame) -> None:
        if frame.opcode is Opcode.PONG:
            self.loop.call_later(LATE_SECONDS, self._answer, frame)
        else:
            super()._send(frame)

    def _answer(self, frame: Frame) -> None:
        super()._send(frame)
        self.send_data()


async def measured(player: Any, connection: type[Answering], server: Any) -> None:
    """Connect a player anew, and wait until the server knows the lag."""
    await player.close()
    player.connection = connection
    await player.connect(server)
    async with asyncio.timeout(60):
        await player.socket.measured()


@pytest.fixture(scope="module")
def pinging(make_fleet: Any) -> Iterator[Any]:
    """A server that measures lag often."""
    with make_fleet("lag") as fleet:
        yield fleet.start(1, CHESS_PING_SECONDS=f"{PING_SECONDS:g}")[0]


class Played(NamedTuple):
    """Seconds of White's turns: until he sent his moves, until they were acknowledged, and as his clock was charged."""

    thought: float
    answered: float
    charged: float


async def play(white: Any, black: Any, think_seconds: float) -> Played:
    """Play the line, White thinking before each move."""
    thought = answered = 0.0
    for ply, uci in enumerate(LINE):
        began = time.monotonic()
        counted = ply % 2 == 0 and ply > 0
        if counted:
            await asyncio.sleep(think_seconds)
            thought += time.monotonic() - began
        await (black if ply % 2 else white).try_move(uci)
        if counted:
            answered += time.monotonic() - began
        await white.until_ply(ply + 1)
        await black.until_ply(ply + 1)
    left = [one["d"]["clock"]["white"] for one in white.events if one["t"] == "move"]
    return Played(thought, answered, left[0] - left[-1])


@pytest.mark.parametrize("pool, gain_seconds", [("1+0", 0.1), ("3+0", 0.3), ("10+0", 0.3)])
async def test_late_pongs_win_no_more_than_the_quota(
    pinging: Any, lobby: Any, pool: str, gain_seconds: float
) -> None:
    white, black = await lobby.pair(pinging, pinging, pool)
    await measured(white, Late, pinging)
    forgiven = pinging.metric("chess_server_lag_forgiven_seconds_total") or 0.0
    played = await play(white, black, LATE_SECONDS)
    assert played.thought - played.charged <= (3 + COUNTED - 1) * gain_seconds
    assert pinging.metric("chess_server_lag_forgiven_seconds_total") > forgiven, "the pongs are late"


async def test_an_honest_client_far_away_loses_nothing(pinging: Any, lobby: Any) -> None:
    """A quarter of a second there and back: half of that is allowed for what a busy machine takes itself."""
    async with relay(pinging.port) as line:
        line.late_seconds = WAY_SECONDS
        white, black = await lobby.pair(pinging, pinging, "3+0")
        await measured(white, Answering, SimpleNamespace(ws=f"ws://127.0.0.1:{line.port}"))
        played = await play(white, black, 0.0)
        assert played.charged - played.answered < COUNTED * WAY_SECONDS
        await white.close()
