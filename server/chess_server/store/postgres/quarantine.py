"""Games of which PostgreSQL has refused a row: for a while nothing of them is sent. Pure; seconds of any one clock."""

from chess_server.store.errors import BrokenGameError

QUARANTINE_SECONDS = 30.0
MOST = 1000


class Quarantine:
    """The games that are set aside, and why."""

    def __init__(self) -> None:
        self._games: dict[str, tuple[float, BrokenGameError]] = {}

    def add(self, error: BrokenGameError, now: float) -> None:
        """Set the error's game aside."""
        while len(self._games) >= MOST:
            del self._games[next(iter(self._games))]
        self._games[error.game_id] = (now + QUARANTINE_SECONDS, error)

    def check(self, game_id: str, now: float) -> None:
        """Raise a game's error if it is set aside."""
        until, error = self._games.get(game_id, (0.0, None))
        if error is not None and now < until:
            raise type(error)(error.game_id, error.detail)
