"""Crowds before a server's door, at the counts of real attacks: players of a running game get in all the same."""

import asyncio
import contextlib
import json
import time
from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest
from knocking import Knocking
from polling import eventually
from redis.asyncio import Redis
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from chess_presence.registry import Registry

pytestmark = pytest.mark.integration

POSTGRESQL_CALLS = 'chess_server_store_call_seconds_count{store="postgresql"}'
_floods = count(1)
HERE, ELSEWHERE = "127.0.0.1", "203.0.113.9"
"""The players of these tests come without a header, so from here."""


@pytest.fixture(scope="module")
def pods(make_fleet: Any) -> Iterator[Any]:
    """Where the games are, and another server that does not know them, behind one trusted proxy."""
    with make_fleet("fair") as fleet:
        fleet.start(2, CHESS_TRUSTED_HOPS="1", CHESS_IDLE_SECONDS="600", CHESS_PLAY_RATE="1000/1")
        yield fleet


@pytest.fixture
def knocking(pods: Any) -> Iterator[Knocking]:
    made = Knocking(pods.servers[1].port)
    yield made
    made.close()


@pytest.mark.parametrize(
    "path, address, proof",
    [
        pytest.param("/play/{:08d}xxxxxxxxxxxx", ELSEWHERE, "", id="play, elsewhere"),
        pytest.param("/play/{:08d}xxxxxxxxxxxx", HERE, "was here", id="play, his own address, he was here"),
        pytest.param("/play/{:08d}xxxxxxxxxxxx", HERE, "a token", id="play, his own address, by his token"),
        pytest.param("/watch/{:08d}/white", HERE, "", id="watch, his own address"),
    ],
)
async def test_a_player_comes_back_while_1200_random_games_are_asked_for(
    pods: Any, lobby: Any, knocking: Knocking, path: str, address: str, proof: str
) -> None:
    home, asked = pods.servers
    white, black = await lobby.pair(home, home)
    await white.move("e2e4")
    await white.close()
    if proof != "a token":
        white.token = None  # as an older client
    if proof == "was here":
        await white.connect(asked)
        await white.close()
        await eventually(lambda: asked.metric("chess_server_games ") == 0, "the game is forgotten", within=20)
    before, began = asked.metric(POSTGRESQL_CALLS), time.monotonic()
    first = next(_floods) * 10_000  # no game that an earlier flood has asked for
    paths = [path.format(first + number) + f"?sri=random-{number}" for number in range(1200)]
    flood = asyncio.create_task(knocking.ask(paths, address))
    await eventually(lambda: any(one.closed for one in knocking.knocks), "the flood comes in", within=60)
    await white.connect(asked)
    await black.move("e7e5")
    await white.move("g1f3")
    assert set(await flood) <= {101, 404, 429}
    await knocking.until_all_closed(60)
    most = 100 + 10 * (time.monotonic() - began)  # the limit on misses fills again by one a second
    assert asked.metric(POSTGRESQL_CALLS) - before < most, "random paths do not get at the stores"
    refusals = [one.received for one in knocking.knocks if b"too_many_misses" in one.received]
    assert len(refusals) > 1000


async def test_3000_silent_sockets_of_one_address_keep_nobody_out(pods: Any, lobby: Any) -> None:
    """They hold what one address may. The server is full then, a player comes back, and nothing scales for them."""
    home = pods.servers[0]
    [full] = pods.start(
        1,
        CHESS_TRUSTED_HOPS="1",
        CHESS_IDLE_SECONDS="600",
        CHESS_FIRST_MESSAGE_SECONDS="600",
        CHESS_ADDRESS_CONNECTIONS="1000",
        CHESS_MAX_CONNECTIONS="1010",
    )
    white, black = await lobby.pair(home, home)
    await white.move("e2e4")
    async with contextlib.AsyncExitStack() as stack:
        silent = Knocking(full.port)
        stack.callback(silent.close)
        paths = [f"/lobby/socket?sri=silent-{number}" for number in range(3000)]
        statuses = await silent.ask(paths, ELSEWHERE)
        assert (statuses.count(101), statuses.count(429)) == (1000, 2000)
        watch = f"{full.ws}/watch/{white.game_id}/white"
        watching = [await _open(stack, f"{watch}?sri=watcher-{number}") for number in range(10)]
        for path in ("/lobby/socket?sri=newcomer", f"/watch/{white.game_id}/white?sri=late-one"):
            with pytest.raises(InvalidStatus) as refused:
                await _open(stack, full.ws + path)
            assert json.loads(refused.value.response.body)["error"]["code"] == "full"
        await black.close()
        await black.connect(full)
        await black.move("e7e5")
        assert await _closed(watching[-1]) == 1013
        assert [one.state.name for one in watching[:-1]] == 9 * ["OPEN"]
        await eventually(lambda: _recorded(pods, full, 10, 2), "the record", within=20)


async def test_a_players_many_sockets_cost_himself_on_a_full_server(pods: Any, lobby: Any) -> None:
    home, [full] = pods.servers[0], pods.start(1, CHESS_MAX_CONNECTIONS="12")
    white, _ = await lobby.pair(home, home)
    await white.move("e2e4")
    async with contextlib.AsyncExitStack() as stack:
        others = [await _open(stack, f"{full.ws}/lobby/socket?sri=other-{number}-") for number in range(12)]
        play = f"{full.ws}/play/{white.full_id}?sri=my-tab-"
        tabs = []
        for number in range(8):
            tabs.append(await _open(stack, f"{play}{number}"))
            assert json.loads(await tabs[-1].recv())["t"] == "full"
        assert [await _closed(tab) for tab in tabs[:6]] == 6 * [4001]
        assert tabs[0].close_reason == "opened again elsewhere; do not reconnect"
        for socket in others[:10]:
            await socket.send("null")
            assert await socket.recv() == "0"
        assert [socket.state.name for socket in tabs[6:]] == ["OPEN", "OPEN"]


async def test_made_up_clients_of_one_address_are_few_refused_ones(pods: Any) -> None:
    [full] = pods.start(1, CHESS_MAX_CONNECTIONS="2", CHESS_ADDRESS_CONNECTIONS="10")
    knocking = Knocking(full.port)
    for number in range(2):
        await knocking.ask([f"/lobby/socket?sri=holder-{number}"], HERE)
    statuses = await knocking.ask([f"/lobby/socket?sri=made-up-{number}" for number in range(200)], HERE)
    assert set(statuses) == {503}
    more = (f"/lobby/socket?sri=another-{number}" for number in range(100_000))

    async def is_recorded() -> bool:
        await knocking.ask([next(more) for _ in range(20)], HERE)  # who was refused is forgotten after 10 s
        return await _recorded(pods, full, 0, 8)

    await eventually(is_recorded, "the record", within=60)
    knocking.close()


async def _open(stack: contextlib.AsyncExitStack, url: str) -> Any:
    socket = await connect(url, compression=None, proxy=None)
    stack.push_async_callback(socket.close)
    return socket


async def _closed(socket: Any) -> int | None:
    async with asyncio.timeout(60):
        with contextlib.suppress(ConnectionClosed):
            while True:
                await socket.recv()
    return socket.close_code


async def _recorded(fleet: Any, server: Any, demand: int, refused: int) -> bool:
    async with Redis.from_url(fleet.redis.url) as client:
        record = (await Registry(client, fleet.cluster_uid).read()).records[server.name]
    return (record.demand, record.refused) == (demand, refused)
