"""Every child belongs to its ChessCluster."""

from operator_cases import spec

from chess_operator import objects

OWNER = objects.Owner(name="arena", namespace="chess", uid="u-1")


def test_every_child_belongs_to_the_chesscluster_and_carries_no_tracking() -> None:
    children = [
        objects.deployment(OWNER, "blue", 1, objects.template(OWNER, spec(), "blue", "abc")),
        objects.service(OWNER, "blue"),
        objects.budget(OWNER, spec(), "blue"),
        objects.policy(OWNER, spec(), (6379, 5432)),
    ]
    for child in children:
        (owner,) = child["metadata"]["ownerReferences"]
        assert (owner["uid"], owner["controller"], owner["blockOwnerDeletion"]) == ("u-1", True, True)
        assert "app.kubernetes.io/instance" not in child["metadata"]["labels"]
