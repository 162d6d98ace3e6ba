"""The PodDisruptionBudget is what the user asks for."""

import pytest
from operator_cases import spec

from chess_operator import objects

OWNER = objects.Owner(name="arena", namespace="chess", uid="u-1")
SELECTOR = {"chesscluster.dev/cluster": "arena", "chesscluster.dev/colour": "blue"}


@pytest.mark.parametrize("given", [1, "25%", 0])
def test_the_budget_is_the_users(given: int | str) -> None:
    made = objects.budget(OWNER, spec(podDisruptionBudget={"maxUnavailable": given}), "blue")["spec"]
    assert made == {"maxUnavailable": given, "selector": {"matchLabels": SELECTOR}}
