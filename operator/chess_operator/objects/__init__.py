"""From a ChessCluster's spec to whole Kubernetes objects, typed by the official client's models. Pure."""

from chess_operator.objects.budget import budget
from chess_operator.objects.deployment import deployment
from chess_operator.objects.owner import Owner
from chess_operator.objects.policy import policy
from chess_operator.objects.service import service
from chess_operator.objects.template import template
from chess_operator.objects.token_keys import token_keys

__all__ = ["Owner", "budget", "deployment", "policy", "service", "template", "token_keys"]
