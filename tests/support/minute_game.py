"""A game of one minute and a second a move, for tests of what is decided on a game."""

from typing import Any

from msgspec.structs import replace

from chess_server.game.state import Game, Player, new_game


def fresh(**fields: Any) -> Game:
    """Return it before its first move, with other values for some fields."""
    game = new_game(
        "abcdefgh",
        white=Player(id="w" * 12),
        black=Player(id="b" * 12),
        initial_seconds=60,
        increment_seconds=1,
        now_ms=0,
    )
    return replace(game, **fields)
