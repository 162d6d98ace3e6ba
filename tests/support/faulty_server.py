"""`chess-server serve` with a background loop that fails: `python -m faulty_server LOOP HOW`.

HOW is `dies` (every time), `hangs`, or a number: it dies so often, then works. The supervisor's patience is short.
"""

import asyncio
import sys
from collections.abc import Callable
from functools import partial
from typing import Any

from chess_server import cli, main
from chess_server.play.rooms import Rooms
from chess_server.store.postgres.committer import Committer
from chess_server.supervisor import Patience, Supervisor

LOOPS: dict[str, tuple[type, str]] = {
    "committer": (Committer, "run"),
    "seats": (Rooms, "refresh_seats"),
    "timers": (Rooms, "check_timers"),
}
PATIENCE = Patience(hang=7, dead=8, healthy=30)


def _failing(run: Callable[..., Any], how: str) -> Callable[..., Any]:
    left = [10**9 if how == "dies" else 0 if how == "hangs" else int(how)]

    async def fails(owner: Any, progress: Any) -> None:
        if how == "hangs":
            await asyncio.Event().wait()
        if left[0] > 0:
            left[0] -= 1
            raise LookupError("a fault of the test")
        await run(owner, progress)

    return fails


def start(loop: str, how: str) -> None:
    owner, name = LOOPS[loop]
    setattr(owner, name, _failing(getattr(owner, name), how))
    main.Supervisor = partial(Supervisor, PATIENCE)  # type: ignore[misc]
    sys.argv = ["chess-server", "serve"]
    cli.main()


if __name__ == "__main__":
    start(*sys.argv[1:])
