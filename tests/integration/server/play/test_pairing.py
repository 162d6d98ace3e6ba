"""Pairing while servers are killed: both players are sent to one game or neither is, and nobody plays alone."""

import asyncio
import contextlib
import json
import signal
import time
from collections.abc import Iterator
from typing import Any

import pytest
from dying_server import STEPS
from polling import eventually, wait_until
from redis.asyncio import Redis
from websockets.exceptions import ConnectionClosed

from chess_server.lobby.seeks import client_of

pytestmark = pytest.mark.integration

IN_PLAY = """
SELECT id FROM games WHERE status = 'started' AND increment_seconds IN (7, 8) AND initial_seconds BETWEEN 1200 AND 1500
"""
QUICK_END = {"CHESS_NO_START_SECONDS": "4"}
SOON = 8.0
"""Time until all who came back are at the board: a round of the lobby, and a server's start on a busy machine."""


@pytest.fixture(scope="module")
def mortal_fleet(make_fleet: Any) -> Iterator[Any]:
    """One server that survives; games without first moves end within seconds."""
    with make_fleet("mortal") as fleet:
        fleet.start(1, **QUICK_END)
        yield fleet


@pytest.mark.parametrize(
    "increment, steps",
    [
        pytest.param(7, tuple(STEPS), id="one-of-the-two-on-it"),
        pytest.param(8, ("promised", "sealed"), id="both-on-it"),
    ],
)
async def test_a_server_killed_at_any_step_sends_both_or_neither(
    mortal_fleet: Any, lobby: Any, increment: Any, steps: Any
) -> None:
    doomed = {step: mortal_fleet.launch(dying=step, **QUICK_END) for step in steps}
    await asyncio.to_thread(mortal_fleet.wait_ready, list(doomed.values()))
    await asyncio.gather(
        *(
            _killed_at(mortal_fleet, lobby, server, f"{minutes}+{increment}")
            for minutes, server in enumerate(doomed.values(), 20)
        )
    )
    for step, server in doomed.items():
        assert server.process.wait(60) == -signal.SIGKILL, step
    await asyncio.to_thread(_none_in_play, mortal_fleet)


async def _killed_at(fleet: Any, lobby: Any, doomed: Any, pool: str) -> None:
    survivor = fleet.servers[0]
    first = doomed if pool.endswith("8") else survivor
    ann, waiting = await lobby.enter(first, pool)
    await _until_waiting(fleet, ann, pool)
    bob, cut = await lobby.enter(doomed, pool)
    with contextlib.suppress(ConnectionClosed):  # killed after the seal, it may have delivered the redirect
        await lobby.redirected(cut)
    await cut.wait_closed()
    _, again = await lobby.enter(survivor, pool, bob)
    if first is doomed:
        _, waiting = await lobby.enter(survivor, pool, ann)
    began = time.monotonic()
    mine, theirs = [await lobby.redirected(socket, SOON) for socket in (waiting, again)]
    assert time.monotonic() - began < SOON
    assert mine["id"][:8] == theirs["id"][:8]
    white, black = [await lobby.follow(survivor, found) for found in sorted((mine, theirs), key=_white_first)]
    await white.move("e2e4")
    await black.until_ply(1)
    await black.move("e7e5")
    await black.send("resign", a=9)
    assert (await white.until("endData"))["status"] == "resign"


def _white_first(redirect: Any) -> bool:
    return redirect["color"] == "black"


def _none_in_play(fleet: Any) -> None:
    """No game is left to which no player was sent."""
    wait_until(lambda: not fleet.query(IN_PLAY), lambda: f"none of {fleet.query(IN_PLAY)} in play", within=60)


async def test_a_player_of_a_killed_server_is_not_paired(mortal_fleet: Any, lobby: Any) -> None:
    survivor, [doomed] = mortal_fleet.servers[0], mortal_fleet.start(1)
    ann, lost = await lobby.enter(doomed, "30+7")
    await _until_waiting(mortal_fleet, ann, "30+7")
    doomed.signal(signal.SIGKILL)
    with pytest.raises(ConnectionClosed):
        await lobby.redirected(lost)
    _, one = await lobby.enter(survivor, "30+7")
    with pytest.raises(TimeoutError):
        await lobby.redirected(one, 0.5)
    began = time.monotonic()
    _, other = await lobby.enter(survivor, "30+7")
    mine, theirs = [await lobby.redirected(socket) for socket in (one, other)]
    assert mine["id"][:8] == theirs["id"][:8]
    assert time.monotonic() - began < 1


async def test_a_player_who_left_the_pool_on_a_new_socket_is_not_paired(
    mortal_fleet: Any, lobby: Any
) -> None:
    survivor, [doomed] = mortal_fleet.servers[0], mortal_fleet.start(1)
    ann, _half_dead = await lobby.enter(
        doomed, "31+7"
    )  # its server still holds the socket, and repeats the wait
    await _until_waiting(mortal_fleet, ann, "31+7")
    _, again = await lobby.enter(survivor, None, ann)
    await again.send(json.dumps({"t": "poolOut", "d": {"key": f"the-key-of-{ann}"}}))
    await _until_waiting(mortal_fleet, ann, None)
    _, waiting = await lobby.enter(survivor, "31+7")
    with pytest.raises(TimeoutError):
        await lobby.redirected(
            waiting, 3.5
        )  # longer than a round of the lobby, in which the wait would be repeated
    doomed.signal(signal.SIGKILL)
    _, other = await lobby.enter(survivor, "31+7")
    assert (await lobby.redirected(other))["id"][:8] == (await lobby.redirected(waiting))["id"][:8]


async def _until_waiting(fleet: Any, sri: str, pool: str | None, key: str | None = None) -> None:
    """Wait until Redis has the pool in which a client waits; None: the client has stopped waiting."""
    async with Redis.from_url(fleet.redis.url) as client:

        async def there() -> bool:
            return await _pool_of(client, fleet, sri, key) == pool

        await eventually(there, f"{sri} waits in {pool}", within=60, every=0.01)


async def _pool_of(client: Redis, fleet: Any, sri: str, key: str | None) -> str | None:
    named = client_of(sri, f"the-key-of-{sri}" if key is None else key)
    held = await client.hget(f"chess:{{{fleet.cluster_uid}-lobby}}:waits", named)
    return json.loads(held or '{"pool": ""}').get("pool")


async def test_who_knows_an_sri_alone_gets_no_redirect(fleet: Any, lobby: Any) -> None:
    one, other = fleet.servers[:2]
    ann, waiting = await lobby.enter(one, "32+7")
    strangers = [await lobby.enter(one, None, ann), await lobby.enter(other, "33+7", ann, key="")]
    strangers += [await lobby.enter(other, "34+7", ann, key="not-the-key-of-ann")]
    await lobby.enter(other, "32+7")
    assert await lobby.redirected(waiting)
    strangers += [await lobby.enter(server, "32+7", ann, key="") for server in (one, other)]
    _, proven = await lobby.enter(other, "32+7", ann)
    assert await lobby.redirected(proven), "who shows the key gets it, on any server"
    for _, stranger in strangers:
        await stranger.send('{"t":"poolOut"}')
        await stranger.send("null")
        assert json.loads(await asyncio.wait_for(stranger.recv(), 60)) == 0, "only a pong comes"


async def test_without_a_key_a_redirect_is_for_the_waiting_socket_alone(fleet: Any, lobby: Any) -> None:
    one, other = fleet.servers[:2]
    ann, waiting = await lobby.enter(one, "35+7", key="")
    await _until_waiting(fleet, ann, "35+7", key="")
    strangers = [(await lobby.enter(server, None, ann))[1] for server in (one, other)]
    await lobby.enter(other, "35+7", key="")
    assert await lobby.redirected(waiting)
    strangers += [(await lobby.enter(other, "35+7", ann, key=""))[1]]
    for stranger in strangers:
        with pytest.raises(TimeoutError):
            await lobby.redirected(stranger, 0.5)


async def test_a_client_is_not_paired_with_itself_under_a_key_and_without(fleet: Any, lobby: Any) -> None:
    server = fleet.servers[0]
    ann, keyed = await lobby.enter(server, "36+7")
    await _until_waiting(fleet, ann, "36+7")
    _, bare = await lobby.enter(server, "36+7", ann, key="")
    with pytest.raises(TimeoutError):
        await lobby.redirected(bare, 2.5)
    await bare.close()
    _, opponent = await lobby.enter(server, "36+7")
    assert (await lobby.redirected(keyed))["id"][:8] == (await lobby.redirected(opponent))["id"][:8]
