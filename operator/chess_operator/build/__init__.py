"""Builders: from a ChessCluster's spec to whole Kubernetes objects, typed by the official client's models. Pure."""

from chess_operator.build.budget import budget
from chess_operator.build.deployment import deployment
from chess_operator.build.owner import Owner
from chess_operator.build.policy import policy
from chess_operator.build.service import service
from chess_operator.build.template import template

__all__ = ["Owner", "budget", "deployment", "policy", "service", "template"]
