"""Only pods that serve get players."""

from chess_operator import objects

OWNER = objects.Owner(name="arena", namespace="chess", uid="u-1")
SELECTOR = {"chesscluster.dev/cluster": "arena", "chesscluster.dev/colour": "blue"}


def test_only_pods_that_serve_are_in_the_service() -> None:
    made = objects.service(OWNER, "blue")
    assert made["spec"]["selector"] == {**SELECTOR, "chesscluster.dev/serving": "true"}
    assert made["spec"]["ports"][0]["port"] == 8080
