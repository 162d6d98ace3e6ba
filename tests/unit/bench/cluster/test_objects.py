"""What a run makes is what the operator takes."""

from chess_bench.cluster import objects
from chess_operator.api.model import parse


def test_the_chesscluster_is_valid_and_its_players_may_share_an_address() -> None:
    scaling = objects.brisk_scaling(minimum=1, maximum=4, target=100, settle_seconds=5)
    made = objects.chess_cluster("chess", "arena", "image:1", scaling=scaling)
    given = {one.name: one.value for one in parse(made["spec"]).server.env}
    assert given == objects.ONE_ADDRESS
