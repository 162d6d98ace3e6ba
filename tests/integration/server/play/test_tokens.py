"""A player's token: taken by every server without a store, refused before all else, shown nowhere."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest
from offered import offering
from polling import eventually
from redis.asyncio import Redis
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from chess_server.wire.tokens import Tokens

pytestmark = pytest.mark.integration

ABSENT = "nogame00"


@pytest.fixture(scope="module")
def reference(fleet: Any) -> Any:
    """A server of the same ChessCluster on the reference transport."""
    [server] = fleet.start(CHESS_TRANSPORT="websockets")
    return server


@pytest.fixture(params=["picows", "websockets"])
def server(request: pytest.FixtureRequest, servers: list, reference: Any) -> Any:
    """One server of each transport."""
    return reference if request.param == "websockets" else servers[0]


@pytest.fixture(scope="module")
def keyless(make_fleet: Any) -> Iterator[Any]:
    """A ChessCluster whose servers have no key file: one that only its machine reaches, and one that others do."""
    with make_fleet("keyless") as made:
        made.start(CHESS_TOKEN_KEYS_FILE="")
        made.start(CHESS_TOKEN_KEYS_FILE="", CHESS_LISTEN="::")
        yield made


async def join(server: Any, place: str, token: str | None = None, **headers: str) -> Any:
    return await connect(
        f"{server.ws}/play/{place}?sri=token-test",
        subprotocols=offering(token) if token else None,
        additional_headers=headers,
        compression=None,
        proxy=None,
    )


async def status(server: Any, place: str, token: str | None = None, **headers: str) -> tuple[int, bytes]:
    with pytest.raises(InvalidStatus) as refused:
        await join(server, place, token, **headers)
    return refused.value.response.status_code, refused.value.response.body


async def test_a_token_plays_on_every_server(server: Any, servers: list, lobby: Any) -> None:
    white, black = await lobby.pair(server, servers[1])
    assert white.socket.subprotocol == "chess.v1"
    assert white.snapshots[0]["d"]["game"]["player"]
    await white.move("e2e4")
    await white.close()
    await white.connect(servers[1])
    await black.move("e7e5")
    await white.until_ply(2)


async def test_both_colors_have_tokens_of_their_own(servers: list, lobby: Any) -> None:
    white, black = await lobby.pair(*servers)
    assert white.token != black.token
    assert [player.snapshots[0]["d"]["game"]["color"] for player in (white, black)] == ["white", "black"]


async def test_a_wrong_token_is_refused_before_all_else(server: Any, lobby: Any) -> None:
    white, _ = await lobby.pair(server, server)
    foreign = Tokens([b"k" * 43], "shared").of(white.game_id, "white")
    forged = white.token[:-1] + ("A" if white.token[-1] != "A" else "B")
    for token in (foreign, forged, "x", None):
        # Of an origin that may not connect either: the token comes first.
        code, body = await status(server, white.game_id, token, Origin="https://elsewhere.example")
        assert (code, b"bad_token" in body) == (401, True)
    assert (await status(server, ABSENT, white.token))[0] == 401
    assert (await status(server, white.full_id, forged))[0] == 401, "beside a right secret, too"


async def test_the_path_of_the_version_before_works_with_the_database_alone(
    fleet: Any, servers: list, lobby: Any, query: Any
) -> None:
    white, _ = await lobby.pair(*servers)
    await white.move("e2e4")
    [row] = query("SELECT * FROM games WHERE id = %s", white.game_id)
    secret = white.full_id[8:]
    assert secret not in str(row)
    assert white.token not in str(row)
    assert white.sri not in str(row)
    async with Redis.from_url(fleet.redis.url) as redis:
        await white.close()
        key = f"chess:shared:{{{white.game_id}}}:game"
        state = json.loads(await redis.hget(key, "state"))
        assert state["white"]["id"] == secret, "as a server of the version before compares it"
        await redis.delete(key)
    older = type(white)(white.full_id, "white", servers[1], white.sri)
    lobby.players.append(await older.connect())
    assert older.snapshots[0]["d"]["moves"] == "e2e4"
    assert (await status_of_path(servers[0], white.game_id + "x" * 12)) == "no_such_game"


async def status_of_path(server: Any, place: str) -> str:
    """The code by which a wrong secret is refused, before or after the upgrade."""
    try:
        socket = await join(server, place)
    except InvalidStatus as refused:
        return "no_such_game" if b"no_such_game" in refused.response.body else "other"
    async with asyncio.timeout(60):
        first = await socket.recv()
    await socket.close()
    return "no_such_game" if "no_such_game" in str(first) else "other"


async def test_neither_token_nor_secret_nor_sri_is_in_a_log(server: Any, lobby: Any) -> None:
    white, _ = await lobby.pair(server, server)
    token, secret = white.token, white.full_id[8:]
    await status(server, white.game_id, token[:-2] + "zz")
    await status(server, f"{white.full_id}/more")
    await lobby.follow(server, {"id": white.full_id, "color": "white"})
    for header in (f'chess.v1, chess.token.{token}"', f"chess.v1, chess.token.{token};=", f" ,{token} x"):
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(
            f"GET /play/{white.game_id}?sri=token-test HTTP/1.1\r\nHost: test\r\nUpgrade: websocket\r\n"
            "Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
            f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: {header}\r\n\r\n".encode()
        )
        async with asyncio.timeout(60):
            assert await reader.readline()
        writer.close()
    logged = server.log.read_text() + server.admin("/metrics")[1]
    assert token[:-2] not in logged
    assert secret not in logged
    assert white.sri not in logged


async def test_a_server_of_one_machine_signs_with_a_key_of_its_own(keyless: Any, lobby: Any) -> None:
    alone, public = keyless.servers
    white, black = await lobby.pair(alone, alone)
    await white.move("e2e4")
    # Another server does not know that key: its clients use the path, which every server takes.
    assert (await status(public, black.game_id, black.token))[0] == 401
    black.token = None
    await black.close()
    await black.connect(public)
    await black.move("e7e5")


async def test_a_server_without_keys_that_others_reach_gives_no_tokens(keyless: Any, lobby: Any) -> None:
    _, public = keyless.servers
    _, one = await lobby.enter(public)
    _, other = await lobby.enter(public)
    found = [await lobby.redirected(socket) for socket in (one, other)]
    assert [redirect.get("token") for redirect in found] == [None, None]
    for redirect in found:
        await lobby.follow(public, redirect)
    assert "CHESS_TOKEN_KEYS_FILE is not set" in public.log.read_text()


async def test_keys_are_rotated_while_a_server_runs_and_nobody_is_lost(make_fleet: Any, lobby: Any) -> None:
    with make_fleet("rotating") as fleet:
        [server] = fleet.start()
        file = fleet.directory / "token.keys"
        before, after = file.read_text(), "n" * 43
        white, black = await lobby.pair(server, server)
        signed_after = Tokens([after.encode()], "rotating").of(white.game_id, "white")

        async def takes(token: str) -> bool:
            try:
                await (await join(server, white.game_id, token)).close()
            except InvalidStatus:
                return False
            return True

        file.write_text(f"{before}\n{after}\n")
        await eventually(lambda: takes(signed_after), "the new key checks", within=60)
        assert await takes(white.token)
        file.write_text(f"{after}\n")

        async def refuses() -> bool:
            return not await takes(white.token)

        await eventually(refuses, "the old key is gone", within=60)
        await white.move("e2e4")
        await black.close()
        black.token = None  # its token is worth nothing any more: as a client does, it takes the `url`
        await black.connect()
        await black.move("e7e5")


async def test_a_broken_key_file_is_seen_in_the_metrics_and_players_go_on(make_fleet: Any) -> None:
    with make_fleet("broken-keys") as fleet:
        [server] = fleet.start()
        metric, file = "chess_server_token_keys_broken", fleet.directory / "token.keys"
        assert server.metric(metric) == 0
        keys = file.read_text()
        file.write_text("short")
        await eventually(lambda: server.metric(metric) == 1, "it is seen, though nobody connects", within=60)
        assert server.ready
        file.write_text(keys)
        await eventually(lambda: server.metric(metric) == 0, "it is mended", within=60)


@pytest.mark.parametrize("known", [True, False], ids=["the game is known here", "the game is asked for"])
async def test_a_player_by_token_and_by_path_has_one_seat(servers: list, lobby: Any, *, known: bool) -> None:
    home, away = servers
    white, _ = await lobby.pair(home, home)
    await white.close()
    server = home if known else away
    tabs = [await join(server, white.game_id, white.token) for _ in range(2)]
    tabs += [await join(server, white.full_id) for _ in range(2)]
    async with asyncio.timeout(60):
        await tabs[0].wait_closed()
    assert tabs[0].close_code == 4001
    for tab in tabs[1:]:
        await (await tab.ping())  # still open
        await tab.close()
