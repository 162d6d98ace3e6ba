"""The pause image: the first container of every pod, which holds its network and does nothing else."""

import hashlib
from pathlib import Path

from chess_localcluster.images import oci
from chess_localcluster.machine.commands import run
from chess_localcluster.machine.locks import locked
from chess_localcluster.paths import Cache
from chess_localcluster.plan import PAUSE_IMAGE
from chess_localcluster.progress import Progress

SOURCE = Path(__file__).with_name("pause.c")


def archive(cache: Cache, progress: Progress) -> Path:
    """Compile the pause program and wrap it, once for each state of its source."""
    key = hashlib.sha256(SOURCE.read_bytes() + PAUSE_IMAGE.encode()).hexdigest()[:16]
    target = cache.images / f"pause-{key}.tar"
    with locked(cache.images / ".pause.lock", "build of the pause image", progress):
        if not target.exists():
            _make(cache.images / "pause", target)
    return target


def _make(program: Path, target: Path) -> None:
    run("gcc", "-Os", "-static", "-s", "-o", str(program), str(SOURCE))
    run_as = {"Entrypoint": ["/pause"], "User": "65535:65535"}
    oci.write_archive(target, PAUSE_IMAGE, oci.program_layer(program), run_as)
