"""The echo servers of other libraries: how each is made ready and started. What cannot be had is said."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

from chess_bench.server.subjects import OUT, PEERS, PEERS_PYTHON, Subject, SubjectError, current

INSTALL_SECONDS = 300
BUILT = OUT / "peers"


def picows() -> Subject:
    """Return the game server's own transport."""
    server = current()
    return Subject(
        name="chess_server's transport",
        argv=(server.argv[0], str(PEERS / "transport_echo.py")),
        environment=server.environment,
    )


def websockets() -> Subject:
    """Return the `websockets` library."""
    return _python("websockets", "websockets_echo.py")


def aiohttp() -> Subject:
    """Return aiohttp."""
    return _python("aiohttp", "aiohttp_echo.py")


def node() -> Subject:
    """Install Node's `ws` by npm."""
    place = BUILT / "ws"
    shutil.copytree(PEERS / "ws", place, dirs_exist_ok=True)
    if not (place / "node_modules" / "ws").exists():
        _run("npm", "ci", "--silent", "--no-audit", "--no-fund", at=place)
    return Subject(name="Node ws", argv=(_program("node"), str(place / "echo.js")))


def gorilla() -> Subject:
    """Build the server on Go's gorilla/websocket."""
    program = BUILT / "gorilla"
    if not program.exists():
        BUILT.mkdir(parents=True, exist_ok=True)
        _run(
            "go",
            "build",
            "-mod=readonly",
            "-buildvcs=false",
            "-trimpath",
            "-o",
            str(program),
            ".",
            at=PEERS / "gorilla",
        )
    return Subject(name="Go gorilla", argv=(str(program),))


ECHOES: dict[str, Callable[[], Subject]] = {
    "chess_server's transport": picows,
    "websockets": websockets,
    "aiohttp": aiohttp,
    "Node ws": node,
    "Go gorilla": gorilla,
}


def _python(name: str, script: str) -> Subject:
    if not PEERS_PYTHON.exists():
        raise SubjectError(".venv-bench is missing; `make bench-server` makes it")
    return Subject(name=name, argv=(str(PEERS_PYTHON), str(PEERS / script)))


def _program(name: str) -> str:
    found = shutil.which(name)
    if not found:
        raise SubjectError(f"{name} is not installed")
    return found


def _run(name: str, *arguments: str, at: Path) -> None:
    try:
        done = subprocess.run(
            [_program(name), *arguments],
            cwd=at,
            capture_output=True,
            text=True,
            check=False,
            timeout=INSTALL_SECONDS,
        )
    except subprocess.TimeoutExpired:
        raise SubjectError(f"{name} did not end within {INSTALL_SECONDS} s") from None
    if done.returncode:
        reason = (done.stderr.strip() or done.stdout.strip() or "no reason given").splitlines()[-1]
        raise SubjectError(f"{name} {arguments[0]} failed: {reason[:200]}")
