"""An entry that waits to be stored, and who waits for that."""

import asyncio

from msgspec import Struct

from chess_server.store.postgres.fence import Entry

PATIENCE_SECONDS = 6.0
"""After that whoever waits gets an error; the events stay in Redis, and the player sends again."""


class Waiting(Struct, frozen=True, eq=False):
    """An entry. Monotonic seconds."""

    entry: Entry
    done: "asyncio.Future[None]"
    since: float

    @property
    def game_id(self) -> str:
        """Whose entry it is."""
        return self.entry.game_id

    @property
    def given_up(self) -> bool:
        """Whether nobody waits any more."""
        return self.done.done()

    def impatient(self, now: float) -> bool:
        """Whether it has waited for too long."""
        return self.since < now - PATIENCE_SECONDS

    def succeed(self) -> None:
        """Report that it is stored."""
        if not self.done.done():
            self.done.set_result(None)

    def fail(self, error: Exception) -> None:
        """Report that it is not stored, or that nobody knows."""
        if not self.done.done():
            self.done.set_exception(error)
