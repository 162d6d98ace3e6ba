"""Moves for players of docs/protocol.md, and how two of them make these."""

from typing import Any

OPENING = ("e2e4", "e7e5", "g1f3", "b8c6", "f1b5", "a7a6", "b5a4", "g8f6")


async def play(white: Any, black: Any, moves: Any, first_ply: int = 0) -> None:
    """Play moves in turn, each sent again until it is acknowledged; both players see each."""
    for ply, uci in enumerate(moves, first_ply):
        mover, other = (white, black) if ply % 2 == 0 else (black, white)
        await mover.until_ply(ply)
        await mover.persist(uci)
        await other.until_ply(ply + 1)
