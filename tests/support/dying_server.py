"""`chess-server serve` that kills itself (SIGKILL) at a step of its first pairing: `python -m dying_server STEP`."""

import os
import signal
import sys
from typing import Any

from chess_server import cli
from chess_server.store.postgres.database import Database
from chess_server.store.redis.games import Games
from chess_server.store.redis.pools import Pools
from chess_server.store.redis.timers import Timers

STEPS: dict[str, tuple[type, str, bool]] = {
    "promised": (Timers, "arm", False),
    "armed": (Timers, "arm", True),
    "stored": (Database, "create_game", True),
    "in Redis": (Games, "create", True),
    "sealed": (Pools, "seal", True),
}
"""Step → the method that takes it, and whether the server dies after it (else before)."""


def _deadly(method: Any, *, after: bool) -> Any:
    async def call(*arguments: Any, **named: Any) -> Any:
        if after:
            await method(*arguments, **named)
        os.kill(os.getpid(), signal.SIGKILL)

    return call


def main(step: str) -> None:
    owner, name, after = STEPS[step]
    setattr(owner, name, _deadly(getattr(owner, name), after=after))
    sys.argv = ["chess-server", "serve"]
    cli.main()


if __name__ == "__main__":
    main(sys.argv[1])
