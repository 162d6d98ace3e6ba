"""Stores as ElastiCache and RDS provide them: TLS only, for PostgreSQL too, and a Redis Cluster."""

import asyncio
import contextlib
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from managed_stores import Authority, Cluster, Given, redis_cluster, tls_postgres, tls_redis
from openings import OPENING, play
from polling import eventually, wait_until

from chess_presence import connecting
from chess_presence.census import Expected, take
from chess_presence.records import Reading
from chess_presence.registry import Registry, read_many

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def database(authority: Authority) -> Iterator[Given]:
    with tls_postgres(authority) as given:
        yield given


@contextlib.contextmanager
def _redis(kind: str, authority: Authority) -> Iterator[Given]:
    if kind == "tls":
        with tls_redis(authority) as given:
            yield given
    else:
        with redis_cluster(authority if kind == "tls-cluster" else None) as cluster:
            yield cluster.given


def _authorities(redis: Given, database: Given) -> dict[str, str]:
    given = {"CHESS_REDIS_CA_FILE": redis.ca, "CHESS_DATABASE_CA_FILE": database.ca}
    return {name: str(path) for name, path in given.items() if path is not None}


@pytest.mark.parametrize("kind", ["tls", "cluster", "tls-cluster"])
async def test_a_whole_game_and_presence(
    authority: Authority, database: Given, make_fleet: Any, lobby: Any, kind: Any
) -> None:
    with _redis(kind, authority) as redis, make_fleet(kind, redis, database) as fleet:
        servers = await asyncio.to_thread(lambda: fleet.start(2, **_authorities(redis, database)))
        white, black = await lobby.pair(*servers)
        for ply, uci in enumerate(("f2f3", "e7e5", "g2g4")):
            await (black if ply % 2 else white).move(uci)
        await black.close()
        await black.connect(servers[0])
        here = 1 + (white.server is servers[0])
        await _presence(fleet, redis, {servers[0].name: here, servers[1].name: 2 - here})
        await black.move("d8h4")
        for player in (white, black):
            assert (await player.until("endData"))["status"] == "mate"
        assert (white.epoch, black.epoch) == (1, 1)
        assert fleet.query("SELECT status, pgn FROM pgns")[-1][0] == "mate"
        await _drained(fleet, redis, servers[0], black)
        await lobby.close()


async def _presence(fleet: Any, redis: Given, connections: dict[str, int]) -> None:
    """The registry knows both servers and who is on which, alone and among others."""
    async with _client(redis) as client:
        registry = Registry(client, fleet.cluster_uid)

        async def counted() -> bool:
            return await _counts(registry) == connections

        await eventually(counted, f"connections {connections}", within=60)
        readings = await read_many(client, [fleet.cluster_uid, "nobody"])
        reading, nobody = readings[fleet.cluster_uid], readings["nobody"]
        assert isinstance(reading, Reading)
        assert isinstance(nobody, Reading)
        assert (len(reading.records), len(nobody.records)) == (2, 0)
        expected = [Expected(uid=uid, running_since_ms=reading.now_ms - 60_000) for uid in connections]
        census = take(reading, expected=expected, last={}, now_ms=reading.now_ms)
        assert (census.complete, census.total) == (True, sum(connections.values()))


@contextlib.asynccontextmanager
async def _client(redis: Given) -> Any:
    tls = {"ssl_ca_certs": str(redis.ca)} if redis.ca else {}
    async with connecting.client(redis.url, **tls) as client:
        yield client


async def _counts(registry: Registry) -> dict[str, int]:
    return {uid: record.connections for uid, record in (await registry.read()).records.items()}


async def _drained(fleet: Any, redis: Given, server: Any, player: Any) -> None:
    """An order reaches its server at once by its channel, not only with the next heartbeat."""
    async with _client(redis) as client:
        registry = Registry(client, fleet.cluster_uid)
        began = time.monotonic()
        await registry.mark(server.name, (await registry.read()).now_ms + 60_000)
        await player.until("serverRestart")
        assert time.monotonic() - began < 4


async def test_a_cluster_that_loses_a_primary_loses_no_game(
    database: Given, make_fleet: Any, lobby: Any
) -> None:
    with redis_cluster(replicas=True) as cluster, make_fleet("failover", cluster.given, database) as fleet:
        servers = await asyncio.to_thread(lambda: fleet.start(2, **_authorities(cluster.given, database)))
        white, black = await lobby.pair(*servers)
        games = [(white, black), *[await lobby.pair(*servers) for _ in range(5)]]
        await asyncio.gather(*(play(*game, OPENING[:4]) for game in games))
        holder = cluster.primary_of(f"{{{white.game_id}}}")
        cluster.kill(holder)
        await asyncio.gather(*(play(*game, OPENING[4:], 4) for game in games))
        assert cluster.primary_of(f"{{{white.game_id}}}") != holder
        assert white.epoch == black.epoch > 1, "what the new primary remembers is not trusted"
        for one, _ in games:
            moves = fleet.query("SELECT uci FROM moves WHERE game_id = %s ORDER BY ply", one.game_id)
            assert [uci for (uci,) in moves] == list(OPENING)
        await asyncio.gather(*(_delivered_at_once(*game) for game in games))
        await lobby.pair(*servers)
        await lobby.close()


async def _delivered_at_once(white: Any, black: Any) -> None:
    """Events come by subscription again, not only by the sweep that repairs gaps every few seconds."""
    for uci, mover, other in (("e1g1", white, black), ("b7b5", black, white)):
        await mover.persist(uci)
        await other.until_ply(mover.ply)


@pytest.fixture(scope="module")
def bare_cluster() -> Iterator[Cluster]:
    with redis_cluster() as cluster:
        yield cluster


def _refusal(directory: Path, redis_url: str, database_url: str, **settings: str) -> tuple[int, str]:
    """The exit code and message of a server that cannot use its stores."""
    files = {"CHESS_REDIS_URL_FILE": redis_url, "CHESS_DATABASE_URL_FILE": database_url}
    for name, url in files.items():
        (directory / name).write_text(url)
    environment = {name: str(directory / name) for name in files} | {
        "CHESS_PORT": "0",
        "CHESS_ADMIN_PORT": "0",
        "PATH": "",
        "HOME": str(directory),
        **settings,
    }
    from sys import executable

    command = [executable, "-m", "chess_server.cli", "serve"]
    ended = subprocess.run(command, env=environment, capture_output=True, timeout=60, check=False)
    return ended.returncode, ended.stderr.decode()


def test_a_cluster_without_cluster_true_in_its_url_is_refused(
    bare_cluster: Cluster, postgres: Any, tmp_path: Path
) -> None:
    url = bare_cluster.given.url.removesuffix("?cluster=true")
    code, words = _refusal(tmp_path, url, postgres.url)
    assert (code, words.splitlines()[-1]) == (
        2,
        "chess-server: CHESS_REDIS_URL_FILE: is a Redis Cluster; add ?cluster=true to the URL",
    )


def test_a_single_redis_with_cluster_true_in_its_url_is_refused(
    redis_server: Any, postgres: Any, tmp_path: Path
) -> None:
    code, words = _refusal(tmp_path, f"{redis_server.url}?cluster=true", postgres.url)
    assert (code, words.splitlines()[-1]) == (
        2,
        "chess-server: CHESS_REDIS_URL_FILE: is not a Redis Cluster; remove cluster=true from the URL",
    )


@pytest.mark.parametrize(
    "option, says",
    [
        ("nonsense=1", "'nonsense' is not an option of the URL; allowed: cluster, ssl_cert_reqs, db"),
        (
            "socket_timeout=x",
            "'socket_timeout' is not an option of the URL; allowed: cluster, ssl_cert_reqs, db",
        ),
        ("ssl_cert_reqs=none", "ssl_cert_reqs is given; allowed: with rediss:// only"),
    ],
)
def test_an_option_of_the_redis_url_that_nobody_knows_is_refused(
    redis_server: Any, postgres: Any, tmp_path: Path, option: str, says: str
) -> None:
    code, words = _refusal(tmp_path, f"{redis_server.url}?{option}", postgres.url)
    assert (code, words.splitlines()) == (2, [f"chess-server: CHESS_REDIS_URL_FILE: {says}"])


def test_verifying_postgresql_without_an_authority_is_refused(
    redis_server: Any, database: Given, tmp_path: Path
) -> None:
    code, words = _refusal(tmp_path, redis_server.url, database.url)
    assert code == 2
    assert words.startswith("chess-server: CHESS_DATABASE_CA_FILE is not set; sslmode=verify-full")


@pytest.mark.parametrize("store", ["redis", "postgresql"])
def test_a_certificate_of_another_authority_is_refused(
    make_fleet: Any,
    authority: Authority,
    database: Given,
    redis_server: Any,
    tmp_path: Path,
    store: str,
) -> None:
    stranger = str(Authority(tmp_path).ca)
    with tls_redis(authority) as secured, make_fleet(f"stranger-{store}", secured, database) as fleet:
        authorities = {"CHESS_REDIS_CA_FILE": str(secured.ca), "CHESS_DATABASE_CA_FILE": str(database.ca)}
        authorities["CHESS_REDIS_CA_FILE" if store == "redis" else "CHESS_DATABASE_CA_FILE"] = stranger
        server = fleet.launch(**authorities)
        wait_until(lambda: "certificate" in server.log.read_text(), server.log.read_text, within=60)
        status, words = server.admin("/readyz")
        assert (status, words.split(";")[0].strip()) == (503, "starting")
        assert server.admin("/livez")[0] == 200
        server.signal(signal.SIGTERM)
        assert server.process.wait(60) == 0
