"""The positions after the latest moves, one a game, for the next move of that game.

What is kept changes no result, only its cost: without it each move would begin by reading a FEN. Where the opponent's
move was made on another server, the position here is one move behind, and is brought up by it.
"""

from collections import OrderedDict

from chess_server.game.position import Position

MOST = 2048


class Boards:
    """Positions by game, those used last kept longest."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._kept: OrderedDict[str, tuple[str, Position]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._kept)

    def take(self, game: str, fen: str, last: str) -> Position:
        """Return the position of a FEN and keep it no longer; `last` is the move by which the game came there."""
        kept = self._kept.pop(game, None)
        if kept is not None:
            kept_fen, position = kept
            if kept_fen == fen or (position.follow(last) and position.fen() == fen):
                return position
        return Position(fen)

    def keep(self, game: str, fen: str, position: Position) -> None:
        """Keep a position for the next move."""
        while len(self._kept) >= self._most:
            self._kept.popitem(last=False)
        self._kept[game] = (fen, position)
