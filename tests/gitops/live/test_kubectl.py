"""The commands that docs/gitops.md gives to a kubectl user, run as they stand there."""

import asyncio
import json
import os
import re
import subprocess
from pathlib import Path

import pytest
from gitops_world import World
from program import Program

from chess_bench.cluster.polling import until

pytestmark = [pytest.mark.gitops, pytest.mark.cluster]
ROOT = Path(__file__).resolve().parents[3]


def _commands() -> str:
    text = (ROOT / "docs/gitops.md").read_text()
    block = re.search(r"^## kubectl\n+```sh\n(.*?)```", text, re.DOTALL | re.MULTILINE)
    assert block
    return block[1].replace(" --watch", "")


async def test_the_documented_commands_bring_the_service(bare: World, node: Program, tmp_path: Path) -> None:
    world = bare
    (tmp_path / "manifests").symlink_to(ROOT / "manifests")
    (tmp_path / "redis.url").write_text(world.stores.redis)
    (tmp_path / "database.url").write_text(world.stores.database)
    environment = os.environ | {
        "KUBECONFIG": str(world.running.kubeconfig),
        "PATH": f"{node.path.parent}:{os.environ['PATH']}",
    }
    argv = ["bash", "-euxc", _commands()]
    done = await asyncio.to_thread(
        subprocess.run,
        argv,
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr

    async def complaint() -> str | None:
        conditions = (await world.cluster()).get("status", {}).get("conditions", [])
        ready = [one for one in conditions if (one["type"], one["status"]) == ("Ready", "True")]
        return None if ready else json.dumps(conditions)[:400]

    await until("the ChessCluster is Ready", complaint, 120)
