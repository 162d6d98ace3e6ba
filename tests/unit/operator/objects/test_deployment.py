"""The Deployment takes a template as it is, and its selector never changes."""

from chess_operator import objects
from chess_operator.api.resources import labels

OWNER = objects.Owner(name="arena", namespace="chess", uid="u-1")
SELECTOR = {"chesscluster.dev/cluster": "arena", "chesscluster.dev/colour": "blue"}


def test_the_deployment_keeps_a_template_as_it_was_read() -> None:
    read_back = {
        "metadata": {"annotations": {labels.REVISION: "old"}},
        "spec": {"terminationMessagePath": "/x"},
    }
    made = objects.deployment(OWNER, "blue", 3, read_back)
    assert made["spec"]["template"] is read_back
    assert made["metadata"]["annotations"] == {labels.REVISION: "old"}
    assert made["spec"]["selector"] == {"matchLabels": SELECTOR}
    assert made["spec"]["strategy"]["rollingUpdate"]["maxUnavailable"] == 0
