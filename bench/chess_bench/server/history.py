"""Whether the database has every acknowledged move, and one history a game. Pure."""

from collections.abc import Iterator, Mapping, Sequence

import chess

Moves = Mapping[str, Sequence[tuple[int, str]]]
"""Game → its moves as they are stored, ply and UCI, in the order of plies."""


def faults(stored: Moves, committed: Mapping[str, Mapping[int, str]]) -> list[str]:
    """Return what is wrong, a line each: an acknowledged move that is missing or another, a history that cannot be."""
    lost = (
        line
        for game_id, moves in committed.items()
        for line in _lost(game_id, dict(stored.get(game_id, ())), moves)
    )
    broken = (f"{game_id}: {reason}" for game_id, moves in stored.items() if (reason := _broken(moves)))
    return [*lost, *broken]


def _lost(game_id: str, stored: Mapping[int, str], committed: Mapping[int, str]) -> Iterator[str]:
    for ply, uci in sorted(committed.items()):
        if stored.get(ply) != uci:
            yield f"{game_id}: ply {ply}, {uci}, was acknowledged; stored is {stored.get(ply, 'nothing')}"


def _broken(moves: Sequence[tuple[int, str]]) -> str:
    """Replay a history; return why it is none."""
    board = chess.Board()
    for number, (ply, uci) in enumerate(moves, start=1):
        if ply != number:
            return f"ply {ply} stands where {number} should"
        try:
            board.push_uci(uci)
        except ValueError:
            return f"ply {ply}, {uci}, is not legal in {board.fen()}"
    return ""


def contradictions(wanted: Mapping[str, str], stored: Mapping[str, str]) -> list[str]:
    """Compare the results that both players saw with those that are stored."""
    return [
        f"{game_id}: its players saw {result}, stored is {stored.get(game_id, 'nothing')}"
        for game_id, result in wanted.items()
        if stored.get(game_id) != result
    ]
