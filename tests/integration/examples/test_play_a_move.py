"""examples/README.md: two clients on a server that is started as the page starts it, and what they print."""

import contextlib
import re
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from console_blocks import shown_commands
from polling import wait_until

from chess_localcluster.machine.ports import free_loopback_ports
from chess_localcluster.stores.temporary import temporary_postgres, temporary_redis

pytestmark = pytest.mark.integration
ROOT = Path(__file__).parents[3]
SHOWN = [one for one in shown_commands(ROOT / "examples/README.md") if "play_a_move" in one.command]


def ready(admin_port: int) -> bool:
    with urllib.request.urlopen(f"http://127.0.0.1:{admin_port}/readyz", timeout=1) as answer:
        return bool(answer.status == 200)


@contextlib.contextmanager
def serving(folder: Path, redis: str, database: str) -> Iterator[str]:
    """Run `chess-server serve` with the page's flags; yields the players' URL."""
    (folder / "redis.url").write_text(redis)
    (folder / "database.url").write_text(database)
    port, admin_port = free_loopback_ports(2)
    program = str(Path(sys.executable).with_name("chess-server"))
    ports = ["--port", str(port), "--admin-port", str(admin_port)]
    files = ["--redis-url-file", "redis.url", "--database-url-file", "database.url"]
    server = subprocess.Popen([program, "serve", *ports, *files], cwd=folder, stdout=subprocess.DEVNULL)
    try:
        wait_until(lambda: ready(admin_port), "the server is ready", ignoring=(OSError,))
        yield f"ws://127.0.0.1:{port}"
    finally:
        server.terminate()
        assert server.wait(60) == 0


def test_two_clients_play_a_move_each(tmp_path: Path) -> None:
    with (
        temporary_redis() as redis,
        temporary_postgres() as postgres,
        serving(tmp_path, redis.url, postgres.url) as url,
    ):
        players = [
            subprocess.Popen(
                [sys.executable, "examples/play_a_move.py", url], cwd=ROOT, stdout=subprocess.PIPE, text=True
            )
            for _ in SHOWN
        ]
        printed = sorted((player.communicate(timeout=60)[0] for player in players), reverse=True)
        assert [player.returncode for player in players] == [0, 0]
        assert [
            shown.command for shown, text in zip(SHOWN, printed, strict=True) if not shown.matches(text)
        ] == []
        games = {re.fullmatch(r".* in game (\w{8})\n", text)[1] for text in printed}
        with psycopg.connect(postgres.url) as connection:
            rows = connection.execute("select game_id, ply, uci from moves order by ply").fetchall()
    [game] = games
    assert rows == [(game, 1, "e2e4"), (game, 2, "e7e5")]
