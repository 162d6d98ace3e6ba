"""Redis is rotated or demoted while people play: its credentials and its role are read anew, and no move is lost."""

import asyncio
import time
from typing import Any
from urllib.parse import urlsplit

import pytest
import redis
from managed_stores import Given
from openings import OPENING, play
from polling import wait_until
from relay import relay

from chess_localcluster.stores.temporary import temporary_redis

pytestmark = pytest.mark.integration


async def test_a_rotated_redis_password_is_used_as_soon_as_the_file_has_it(
    frail_fleet: Any, lobby: Any
) -> None:
    servers, url = frail_fleet.servers[:2], frail_fleet.redis.url
    white, black = await lobby.pair(*servers, "1+0")
    await play(white, black, OPENING[:4])
    rotated = url.replace(urlsplit(url).password, "rotated")
    with redis.Redis.from_url(url) as admin:
        admin.config_set("requirepass", "rotated")
        await play(white, black, OPENING[4:5], 4)
        for kind in ("normal", "pubsub"):
            admin.execute_command("CLIENT", "KILL", "TYPE", kind, "SKIPME", "yes")
        pending = asyncio.create_task(black.persist(OPENING[5], 60))
        await asyncio.sleep(8)  # how long the file lags behind Redis
        assert not pending.done(), "acknowledged without Redis"
        assert [server.admin("/livez")[0] for server in servers] == [200, 200]
        _write_redis_url(frail_fleet, rotated)
        began = time.monotonic()
        try:
            await pending
            assert time.monotonic() - began < 10
            await white.until_ply(6)
            await play(white, black, OPENING[6:], 6)
            _, sockets = zip(*[await lobby.enter(server, "5+5") for server in servers], strict=True)
            assert {(await lobby.redirected(socket))["color"] for socket in sockets} == {"white", "black"}
        finally:
            admin.config_set("requirepass", urlsplit(url).password)
            _write_redis_url(frail_fleet, url)
    assert (white.epoch, black.epoch) == (1, 1), "nothing was lost, so nothing was read back"
    assert black.events[5]["d"]["clock"]["black"] > 53, "the outage was counted as thinking time"
    assert [server.process.poll() for server in servers] == [None, None]


def _write_redis_url(fleet: Any, url: str) -> None:
    (fleet.directory / "redis.url").write_text(url)


async def test_players_leave_a_demoted_redis_for_the_new_primary(make_fleet: Any, lobby: Any) -> None:
    with temporary_redis() as old, temporary_redis() as new:
        secret = urlsplit(old.url).password
        with redis.Redis.from_url(new.url) as admin:
            admin.config_set("requirepass", secret)
        async with relay(urlsplit(old.url).port) as name:
            named = old.url.replace(str(urlsplit(old.url).port), str(name.port))
            with make_fleet("demoted", Given(named)) as fleet:
                [server] = await asyncio.to_thread(lambda: fleet.start(1))
                white, black = await lobby.pair(server, server)
                await play(white, black, OPENING[:4])
                name.target = urlsplit(new.url).port
                with redis.Redis.from_url(old.url) as admin:
                    admin.config_set("masterauth", secret)
                    admin.execute_command("REPLICAOF", "127.0.0.1", name.target)
                began = time.monotonic()
                await white.persist(OPENING[4], 60)
                assert time.monotonic() - began < 10
                await black.until_ply(5)
                await play(white, black, OPENING[5:], 5)
                assert white.epoch == black.epoch > 1, "what the new primary remembers is not trusted"
                await lobby.pair(server, server)
                await lobby.close()


def test_a_server_that_starts_with_a_wrong_password_says_so_and_starts_with_the_right_one(
    make_fleet: Any, redis_server: Any, postgres: Any
) -> None:
    wrong = redis_server.url.replace(urlsplit(redis_server.url).password, "wrong")
    with make_fleet("refused", Given(wrong)) as fleet:
        server = fleet.launch()
        wait_until(
            lambda: "WRONGPASS" in server.admin("/readyz")[1],
            "the reason in /readyz",
            within=60,
            ignoring=(OSError,),
        )
        assert server.admin("/readyz")[0] == 503
        assert server.admin("/livez")[0] == 200
        assert "wrong" not in server.log.read_text()
        _write_redis_url(fleet, redis_server.url)
        fleet.wait_ready([server])
