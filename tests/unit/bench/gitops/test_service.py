"""Only what a demo or Git brought is cleared: anybody may have used the same names on the local cluster."""

import json
from typing import Any, cast

import pytest
import yaml

from chess_bench.cluster import objects
from chess_bench.cluster.kubectl import Kubectl
from chess_bench.cluster.targets import TargetError
from chess_bench.gitops.service import GAMES, TRACKED, refuse_foreign
from chess_localcluster.argocd import plan


class Cluster:
    """A cluster with these namespaces."""

    def __init__(self, *namespaces: dict[str, Any]) -> None:
        self.namespaces = namespaces

    async def run(self, *_arguments: str) -> str:
        return json.dumps({"kind": "List", "items": self.namespaces}) if self.namespaces else ""


def namespace(name: str, **metadata: dict[str, str]) -> dict[str, Any]:
    return {"kind": "Namespace", "metadata": {"name": name, **metadata}}


@pytest.mark.parametrize(
    "found",
    [
        pytest.param([], id="an empty cluster"),
        pytest.param([objects.namespace(GAMES)], id="of a demo that was killed"),
        pytest.param(
            [namespace("chess-system", annotations={TRACKED: "chess-operator:/Namespace:x"})], id="of Git"
        ),
        pytest.param([yaml.safe_load(plan.namespace())], id="of localcluster's Argo CD"),
    ],
)
async def test_what_a_demo_or_git_brought_is_cleared(found: list[dict[str, Any]]) -> None:
    await refuse_foreign(cast("Kubectl", Cluster(*found)))


async def test_namespaces_of_somebody_else_are_refused_by_name() -> None:
    theirs = [namespace(name, labels={"team": "x"}) for name in ("chess", "argocd")]
    cluster = Cluster(*theirs, namespace("chess-system", labels={objects.LABEL: "true"}))
    with pytest.raises(
        TargetError, match=r"not of this demo, .*: namespaces argocd, chess; delete them first"
    ):
        await refuse_foreign(cast("Kubectl", cluster))
