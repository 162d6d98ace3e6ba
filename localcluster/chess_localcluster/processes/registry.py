"""The processes of one home: recorded when they start, and found again by later commands.

Their environment also has the cluster's mark, and their output goes to the home's log: by either a process is found
whose starter was killed before it wrote the record. (Redis overwrites its environment with its title.)
"""

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from chess_localcluster.machine import files
from chess_localcluster.machine.proc import PROC, name_of
from chess_localcluster.processes.process import Process, identify, stop

MARK = "CHESS_LOCALCLUSTER_OF"


@dataclass(frozen=True, slots=True, kw_only=True)
class Registry:
    """The processes of one home: records in `run`, output in `log`."""

    run: Path
    log: Path
    mark: str

    def start(self, name: str, argv: list[str], env: Mapping[str, str] | None = None) -> Process:
        """Start `argv` in a session of its own and record it."""
        self.run.mkdir(parents=True, exist_ok=True)
        self.log.mkdir(parents=True, exist_ok=True)
        environment = _environment() | dict(env or {}) | {MARK: self.mark}
        append = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        pid = os.posix_spawnp(
            argv[0],
            argv,
            environment,
            setsid=True,
            file_actions=[
                (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                (os.POSIX_SPAWN_OPEN, 1, str(self.log / f"{name}.log"), append, 0o600),
                (os.POSIX_SPAWN_DUP2, 1, 2),
            ],
        )
        process = identify(name, pid) or Process(name=name, pid=pid, start=-1)
        self._record(process)
        return process

    def _record(self, process: Process) -> None:
        files.write(self.run / f"{process.name}.json", json.dumps(asdict(process)), 0o644)

    def find(self, name: str) -> Process | None:
        """Return the recorded process of that name, alive or not."""
        try:
            return Process(**json.loads((self.run / f"{name}.json").read_text()))
        except (OSError, ValueError, TypeError):
            return None

    def alive(self, name: str) -> bool:
        """Return whether the process of that name runs."""
        process = self.find(name)
        return process is not None and process.alive

    def recorded(self) -> list[Process]:
        """Return every recorded process."""
        found = (self.find(path.stem) for path in sorted(self.run.glob("*.json")))
        return [process for process in found if process is not None]

    def marked(self) -> list[Process]:
        """Return every living process of this cluster, recorded or not, shims included."""
        pids = (int(path.name) for path in PROC.glob("[0-9]*") if self._owns(path))
        found = (identify(name_of(PROC / str(pid)), pid) for pid in pids)
        return [process for process in found if process is not None and process.alive]

    def _owns(self, process: Path) -> bool:
        marked = f"{MARK}={self.mark}".encode() in _environ_of(process)
        return marked or _output_of(process).parent == self.log

    def forget(self, name: str) -> None:
        """Remove the record."""
        (self.run / f"{name}.json").unlink(missing_ok=True)

    def stop(self, names: Iterable[str], grace_seconds: float) -> None:
        """Stop the named processes together and forget them."""
        chosen = [process for name in names if (process := self.find(name)) is not None]
        stop(chosen, grace_seconds)
        for process in chosen:
            self.forget(process.name)


def _environment() -> dict[str, str]:
    """Return the few variables that programs need; no other may change how they behave."""
    kept = {name: os.environ[name] for name in ("HOME", "LANG", "TZ") if name in os.environ}
    return kept | {"PATH": os.environ.get("PATH", os.defpath) + ":/usr/sbin:/sbin"}


def _environ_of(process: Path) -> list[bytes]:
    try:
        return (process / "environ").read_bytes().split(b"\0")
    except OSError:
        return []


def _output_of(process: Path) -> Path:
    try:
        return (process / "fd" / "1").readlink()
    except OSError:
        return Path()
