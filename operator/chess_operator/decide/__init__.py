"""What to do about a ChessCluster: one pure function of everything that is known. The simulator shares it."""

from chess_operator.decide.decision import decide

__all__ = ["decide"]
