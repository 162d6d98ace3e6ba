"""Whom a server takes, before it asks any store: addresses, origins, rates, absent games, seats."""

import asyncio
import contextlib
import itertools
import json
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
from polling import eventually, wait_until
from redis.asyncio import Redis
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from chess_presence.registry import Registry

pytestmark = pytest.mark.integration

_numbers = itertools.count(1)
ABSENT = "nogame00"


class Door:
    """Opens sockets, and closes them after the test."""

    def __init__(self) -> None:
        self._stack = contextlib.AsyncExitStack()

    async def open(self, server: Any, path: str = "/lobby/socket", **headers: str) -> ClientConnection:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        target = f"{server.ws}{path}?sri=door-{next(_numbers):07d}"
        socket = await connect(target, additional_headers=named, compression=None, proxy=None)
        self._stack.push_async_callback(socket.close)
        return socket

    async def refusal(self, server: Any, path: str = "/lobby/socket", **headers: str) -> tuple[int, str, str]:
        """The status, the code and Retry-After of a refused upgrade."""
        with pytest.raises(InvalidStatus) as refused:
            await self.open(server, path, **headers)
        response = refused.value.response
        error = json.loads(response.body)["error"]
        assert error["message"]
        return response.status_code, error["code"], response.headers.get("Retry-After", "")

    async def absent(self, server: Any, number: int) -> str:
        """The code by which a game is refused that does not exist, before or after the upgrade."""
        try:
            socket = await self.open(server, f"/watch/{number:08d}/white", X_Forwarded_For="203.0.113.7")
        except InvalidStatus as refused:
            return str(json.loads(refused.response.body)["error"]["code"])
        code = json.loads(await socket.recv())["d"]["code"]
        await closed(socket)
        return str(code)

    async def close(self) -> None:
        await self._stack.aclose()


@pytest.fixture
async def door() -> AsyncIterator[Door]:
    made = Door()
    yield made
    await made.close()


async def closed(socket: ClientConnection) -> tuple[int | None, str | None]:
    """The code and reason with which the server closes a socket."""
    async with asyncio.timeout(60):
        with contextlib.suppress(ConnectionClosed):
            while True:
                await socket.recv()
    return socket.close_code, socket.close_reason


@pytest.fixture(scope="module")
def strict(make_fleet: Any) -> Any:
    """A server behind one trusted proxy, with small limits. Each test comes from addresses of its own."""
    with make_fleet("strict") as fleet:
        yield fleet.start(
            1,
            CHESS_TRUSTED_HOPS="1",
            CHESS_ADDRESS_CONNECTIONS="3",
            CHESS_ADDRESS_JOIN_RATE="100/10000",
            CHESS_FIRST_MESSAGE_SECONDS="2",
        )[0]


@pytest.fixture(scope="module")
def twelve(fleet: Any) -> Any:
    """A server for twelve."""
    return fleet.start(1, CHESS_MAX_CONNECTIONS="12")[0]


async def test_one_address_holds_a_few_sockets_and_another_is_free(strict: Any, door: Door) -> None:
    for _ in range(3):
        await (await door.open(strict, X_Forwarded_For="6.6.6.6, 203.0.113.1")).send("null")
    refusal = await door.refusal(strict, X_Forwarded_For="7.7.7.7, 203.0.113.1")
    assert refusal == (429, "too_many_sockets", "3")
    await door.open(strict, X_Forwarded_For="203.0.113.1, 203.0.113.2")


async def test_addresses_of_one_ipv6_network_are_one(strict: Any, door: Door) -> None:
    for last in range(3):
        await (await door.open(strict, X_Forwarded_For=f"2001:db8::{last + 1}")).send("null")
    assert (await door.refusal(strict, X_Forwarded_For="2001:db8::ffff"))[1] == "too_many_sockets"
    await door.open(strict, X_Forwarded_For="2001:db8:0:1::1")


async def test_one_address_connects_so_often_and_is_told_when_to_try_again(strict: Any, door: Door) -> None:
    for _ in range(100):
        socket = await door.open(strict, X_Forwarded_For="203.0.113.3")
        await socket.close()
    status, code, wait = await door.refusal(strict, X_Forwarded_For="203.0.113.3")
    assert (status, code) == (429, "too_many_joins")
    assert 1 <= int(wait) <= 100


async def test_a_lobby_socket_that_says_nothing_is_closed_and_is_no_demand(strict: Any, door: Door) -> None:
    silent = await door.open(strict, X_Forwarded_For="203.0.113.4")
    talker = await door.open(strict, X_Forwarded_For="203.0.113.4")
    await talker.send("null")
    assert await talker.recv() == "0"
    code, reason = await closed(silent)
    assert code == 1008
    assert reason.startswith("nothing said")
    assert strict.metric("chess_server_demand ") == 1
    await talker.send("null")
    assert await talker.recv() == "0"


async def test_one_address_enters_pools_so_often_and_then_one_after_the_other(fleet: Any, lobby: Any) -> None:
    [server] = fleet.start(1, CHESS_ADDRESS_JOIN_RATE="4/12")
    sockets = [(await lobby.enter(server, None))[1] for _ in range(2)]
    took = []
    for minutes in (31, 32, 33):
        began = time.monotonic()
        for one in sockets:
            await one.send(json.dumps({"t": "poolIn", "d": {"id": f"{minutes}+0"}}))
        assert {(await lobby.redirected(one))["color"] for one in sockets} == {"white", "black"}
        took.append(time.monotonic() - began)
    assert took[2] > 3, "the fifth and the sixth token of twelve seconds' four"


@pytest.mark.parametrize(
    "origin, may", [("http://127.0.0.1:{port}", True), ("https://evil.example", False), ("null", False)]
)
async def test_a_page_of_another_host_may_not_connect(
    servers: Any, door: Door, origin: str, *, may: bool
) -> None:
    given = origin.format(port=servers[0].port)
    if may:
        await door.open(servers[0], Origin=given)
    else:
        assert (await door.refusal(servers[0], Origin=given))[:2] == (403, "bad_origin")


async def test_a_game_that_does_not_exist_costs_the_stores_one_look(strict: Any, door: Door) -> None:
    for path in (f"/watch/{ABSENT}/white", f"/play/{ABSENT}{12 * 'x'}"):
        if path.startswith("/watch"):
            socket = await door.open(strict, path, X_Forwarded_For="203.0.113.5")
            assert json.loads(await socket.recv())["d"]["code"] == "no_such_game"
            assert (await closed(socket))[0] == 1008
        refusal = await door.refusal(strict, path, X_Forwarded_For="203.0.113.6")
        assert refusal[:2] == (404, "no_such_game")


async def test_a_wrong_secret_is_refused_where_the_game_is_known(
    servers: Any, lobby: Any, door: Door
) -> None:
    white, _ = await lobby.pair(servers[0], servers[0])
    await white.move("e2e4")
    path = f"/play/{white.game_id}{12 * 'x'}"
    assert (await door.refusal(servers[0], path))[:2] == (404, "no_such_game")


async def test_a_wrong_secret_keeps_no_player_from_a_game_that_redis_has_lost(
    fleet: Any, lobby: Any, door: Door
) -> None:
    """The game is looked at in PostgreSQL then, and not kept in memory: it must not count as absent for that."""
    one, two = fleet.servers[:2]
    white, black = await lobby.pair(one, one)
    await white.move("e2e4")
    for player in (white, black):
        await player.close()
    async with Redis.from_url(fleet.redis.url) as client:
        await client.delete(*[key async for key in client.scan_iter(f"*{{{white.game_id}}}*")])
    guess = await door.open(two, f"/play/{white.game_id}{12 * 'x'}")
    assert json.loads(await guess.recv())["d"]["code"] == "no_such_game"
    await white.connect(two)
    assert white.ply == 1
    assert json.loads(await (await door.open(two, f"/watch/{white.game_id}/white")).recv())["t"] == "full"


async def test_who_asks_for_many_absent_games_waits_and_players_do_not(strict: Any, door: Door) -> None:
    asked = 0
    while (code := await door.absent(strict, asked)) == "no_such_game":
        asked += 1
        assert asked < 90  # asked slowly, the limit fills again
    assert (code, asked >= 30) == ("too_many_misses", True)
    await door.open(strict, "/watch/zzzzzzzz/white", X_Forwarded_For="203.0.113.8")
    player = await door.open(strict, f"/play/yyyyyyyy{12 * 'y'}", X_Forwarded_For="203.0.113.7")
    assert json.loads(await player.recv())["d"]["code"] == "no_such_game"


async def test_a_player_in_play_takes_a_seat_of_his_crowded_address(
    fleet: Any, lobby: Any, door: Door
) -> None:
    [server] = fleet.start(1, CHESS_ADDRESS_CONNECTIONS="6")
    white, _ = await lobby.pair(server, server)
    await white.move("e2e4")
    newest = None
    with contextlib.suppress(InvalidStatus):
        for _ in range(7):
            newest = await door.open(server)
    assert newest is not None
    assert (await door.refusal(server))[:2] == (429, "too_many_sockets")
    await door.open(server, f"/play/{white.full_id}")
    assert await closed(newest) == (
        1013,
        "this address holds too many sockets, and players come first; try again",
    )


@pytest.mark.parametrize(
    "limit, path, refusal",
    [
        pytest.param("CHESS_ADDRESS_JOIN_RATE", "/lobby/socket", (429, "too_many_joins"), id="his-address"),
        pytest.param("CHESS_JOIN_RATE", f"/play/{20 * 'x'}", (503, "overloaded"), id="paths-like-his"),
    ],
)
async def test_a_player_in_play_does_not_wait_for_how_often_others_connect(
    fleet: Any, lobby: Any, door: Door, limit: str, path: str, refusal: tuple[int, str]
) -> None:
    [server] = fleet.start(1, **{limit: "9/9000"})
    white, _ = await lobby.pair(server, server)
    await white.move("e2e4")
    for number in range(9):
        with contextlib.suppress(InvalidStatus):
            await door.open(server, path.replace("xxxxxxxx", f"{number:08d}", 1))
    assert (await door.refusal(server, path.replace("x", "y")))[:2] == refusal
    mine = f"/play/{white.full_id}"
    await door.open(server, mine)
    for _ in range(30):
        with contextlib.suppress(InvalidStatus):
            await door.open(server, mine)
    assert limit == "CHESS_JOIN_RATE" or (await door.refusal(server, mine))[:2] == refusal


async def test_a_token_does_not_wait_for_guesses_where_the_game_is_not_known(
    fleet: Any, lobby: Any, door: Door
) -> None:
    [server] = fleet.start(1, CHESS_JOIN_RATE="4/9000")
    white, _ = await lobby.pair(*fleet.servers[:2])
    await white.move("e2e4")
    for number in range(4):
        await door.open(server, f"/play/{number:08d}{12 * 'x'}")
    assert (await door.refusal(server, f"/play/{20 * 'y'}"))[:2] == (503, "overloaded")
    await white.close()
    await white.connect(server)
    assert white.ply == 1


@pytest.mark.parametrize(
    "limit, value, refusal",
    [
        pytest.param("CHESS_ADDRESS_CONNECTIONS", "6", "too_many_sockets", id="sockets"),
        pytest.param("CHESS_ADDRESS_JOIN_RATE", "6/9000", "too_many_joins", id="joins"),
    ],
)
async def test_a_token_does_not_wait_for_a_crowd_at_his_address_where_the_game_is_not_known(
    fleet: Any, lobby: Any, door: Door, limit: str, value: str, refusal: str
) -> None:
    [server] = fleet.start(1, **{limit: value})
    white, _ = await lobby.pair(*fleet.servers[:2])
    await white.move("e2e4")
    for _ in range(6):
        await door.open(server)
    assert (await door.refusal(server))[1] == refusal
    await white.close()
    await white.connect(server)
    assert white.ply == 1
    assert (await door.refusal(server))[1] == refusal


async def test_on_a_full_server_a_player_comes_back_and_spectators_give_way(
    fleet: Any, twelve: Any, lobby: Any, door: Door
) -> None:
    small, other = twelve, fleet.servers[0]
    white, black = await lobby.pair(other, other)
    await white.move("e2e4")
    for _ in range(2):
        await door.open(small)
    watching = [await door.open(small, f"/watch/{white.game_id}/white") for _ in range(10)]
    assert [json.loads(await socket.recv())["t"] for socket in watching] == 10 * ["full"]
    for path in ("/lobby/socket", f"/watch/{white.game_id}/white"):
        assert (await door.refusal(small, path))[:2] == (503, "full")
    for player in (white, black):
        await player.close()
        await player.connect(small)
    await black.move("e7e5")
    assert [await closed(socket) for socket in watching[-2:]] == 2 * [
        (1013, "this server is full, and players come first; try again")
    ]
    assert [socket.state.name for socket in watching[:-2]] == 8 * ["OPEN"]
    await eventually(lambda: _is_refused(fleet, small, 2), "two refused clients in the record")


async def _is_refused(fleet: Any, server: Any, count: int) -> bool:
    async with Redis.from_url(fleet.redis.url) as client:
        record = (await Registry(client, fleet.cluster_uid).read()).records[server.name]
    return (record.refused, record.limit, record.connections) == (count, 12, 12) and record.demand == 10


async def test_on_a_server_full_of_players_those_whose_game_has_ended_give_way(
    fleet: Any, lobby: Any, door: Door
) -> None:
    [small], other = fleet.start(1, CHESS_MAX_CONNECTIONS="4"), fleet.servers[0]
    white, _ = await lobby.pair(other, other)
    done, opponent = await lobby.pair(other, other)
    await white.move("e2e4")
    paths = [white, done, opponent, done, opponent]
    sockets = [await door.open(small, f"/play/{player.full_id}") for player in paths]
    assert [json.loads(await socket.recv())["t"] for socket in sockets] == 5 * ["full"]
    assert (await door.refusal(small, f"/play/{white.full_id}"))[:2] == (503, "full")
    await done.send("resign")
    await opponent.until("endData")
    async with asyncio.timeout(60):
        while '"endData"' not in str(await sockets[-1].recv()):
            pass
    await door.open(small, f"/play/{white.full_id}")
    assert (await closed(sockets[-1]))[0] == 1013


async def test_random_play_paths_on_a_full_server_close_nobody(twelve: Any, door: Door) -> None:
    wait_until(lambda: twelve.metric("chess_server_connections{") == 0, "everybody has gone")
    here = [await door.open(twelve) for _ in range(12)]
    for number in range(5):
        with contextlib.suppress(InvalidStatus):
            await closed(await door.open(twelve, f"/play/{number:08d}{12 * 'x'}"))
    for socket in here:
        await socket.send("null")
        assert await socket.recv() == "0"


async def test_pings_count_towards_the_rate(servers: Any, door: Door) -> None:
    socket = await door.open(servers[0])
    with contextlib.suppress(ConnectionClosed):
        for _ in range(40):
            await socket.ping()
    code, reason = await closed(socket)
    assert (code, reason) == (1008, "rate limit: 30 messages in 30 s")


async def test_nacks_are_counted_by_their_code(servers: Any, lobby: Any) -> None:
    server = servers[0]
    before = server.metric('chess_server_refusals_total{code="illegal_move"}')
    white, _ = await lobby.pair(server, server)
    assert (await white.answer_to(await white.try_move("e2e5")))["code"] == "illegal_move"
    wait_until(
        lambda: server.metric('chess_server_refusals_total{code="illegal_move"}') == before + 1,
        "the nack is counted",
    )


async def test_what_takes_time_is_in_histograms(servers: Any, lobby: Any) -> None:
    server = servers[0]
    white, _ = await lobby.pair(server, server)
    await white.move("e2e4")
    for name in (
        'store_call_seconds_count{store="redis"}',
        'store_call_seconds_count{store="postgresql"}',
        "queue_seconds_count",
        "loop_lag_seconds_count",
        "move_ack_seconds_count",
    ):
        wait_until(lambda name=name: server.metric(f"chess_server_{name}") > 0, name)
