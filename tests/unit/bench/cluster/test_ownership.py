"""An object that is there already is the demo's own, somebody else's and good as it is, or in the way."""

from typing import Any

import pytest

from chess_bench.cluster import ownership
from chess_bench.cluster.objects import LABEL
from chess_bench.cluster.ownership import State

WANTED = {
    "kind": "ClusterRole",
    "metadata": {"name": "chess-operator", "labels": {"app": "chess"}},
    "rules": [{"verbs": ["get", "list"]}],
}


def found(**changes: Any) -> dict[str, Any]:
    metadata = {**WANTED["metadata"], "uid": "u", "resourceVersion": "7"}  # type: ignore[dict-item]
    return {**WANTED, "apiVersion": "v1", "metadata": metadata, **changes}


@pytest.mark.parametrize(
    "there, state",
    [
        pytest.param(None, State.ABSENT, id="absent"),
        pytest.param(found(), State.SAME, id="with-what-the-server-adds"),
        pytest.param(found(aggregationRule=None), State.SAME, id="with-a-field-more"),
        pytest.param(found(rules=[{"verbs": ["get"]}]), State.OTHER, id="fewer-rights"),
        pytest.param(found(rules=[{"verbs": ["get", "list"]}] * 2), State.OTHER, id="more-rights"),
        pytest.param(found(rules=None), State.OTHER, id="no-rights"),
        pytest.param(found(metadata={"name": "chess-operator"}), State.OTHER, id="other-labels"),
        pytest.param(
            found(metadata={"name": "chess-operator", "labels": {LABEL: "true"}}), State.OURS, id="a-demos"
        ),
        pytest.param(
            found(metadata={"name": "chess-operator", "labels": {LABEL: "false"}}), State.OTHER, id="a-fake"
        ),
    ],
)
def test_whose_it_is(there: dict[str, Any] | None, state: State) -> None:
    assert ownership.state(WANTED, there) is state


def test_what_a_demo_makes_it_knows_again() -> None:
    assert ownership.state(WANTED, ownership.marked(WANTED)) is State.OURS
    assert LABEL not in WANTED["metadata"]["labels"]  # type: ignore[index]


def test_the_owner_is_told_which_object_and_of_which_release() -> None:
    annotations = {"meta.helm.sh/release-name": "chess", "meta.helm.sh/release-namespace": "games"}
    item = {"kind": "Role", "metadata": {"name": "a", "namespace": "b", "annotations": annotations}}
    assert ownership.name(item) == "Role b/a (of the Helm release chess in games)"
    assert ownership.name(WANTED) == "ClusterRole chess-operator"
