"""All stores of one server, as rooms and the lobby use them."""

from dataclasses import dataclass

from chess_server.store.health import Health, RedisTime
from chess_server.store.postgres.committer import Committer
from chess_server.store.postgres.database import Database
from chess_server.store.redis.games import Games
from chess_server.store.redis.timers import Timers


@dataclass(frozen=True, slots=True, kw_only=True)
class Stores:
    """The stores, whether they answer, and the time."""

    games: Games
    database: Database
    committer: Committer
    timers: Timers
    health: Health
    clock: RedisTime
