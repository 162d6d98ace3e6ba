"""The ChessCluster as one pydantic model: the source of the CRD, its rules and its reference page."""

from chess_operator.api.model.cluster import ChessClusterSpec
from chess_operator.api.model.parse import SpecError, parse

__all__ = ["ChessClusterSpec", "SpecError", "parse"]
