"""A table of positions, for draws by repetition.

python-chess finds repetitions by undoing the whole move stack. A game here has no stack: the digests of the positions
since the last irreversible move are enough, and they are few.
"""

from hashlib import blake2b

Positions = tuple[str, ...]

THREEFOLD = 3
FIVEFOLD = 5


def digest(fen: str) -> str:
    """Digest what two equal positions share: all of a FEN but its two counters."""
    return blake2b(fen.rsplit(" ", 2)[0].encode(), digest_size=8).hexdigest()


def extended(positions: Positions, fen: str, *, irreversible: bool) -> Positions:
    """Return the table after a move that led to `fen`."""
    return (digest(fen),) if irreversible else (*positions, digest(fen))


def occurrences(positions: Positions) -> int:
    """How often the position on the board (the last one) has occurred."""
    return positions.count(positions[-1]) if positions else 0
