"""What to do about a ChessCluster: one pure function over everything that is known. Rollout will join scaling here."""

from chess_operator.decide.decision import decide

__all__ = ["decide"]
