"""The plan of a cluster, written once and read by every later command."""

import pytest
from local_plan import make_plan

from chess_localcluster.errors import ClusterError
from chess_localcluster.plan import Plan


def test_a_plan_survives_being_written_and_read() -> None:
    assert Plan.from_json(make_plan(1).to_json()) == make_plan(1)


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"home": "/x", "nodes": 1, "ports": {"api": 1}}'])
def test_a_broken_plan_is_one_line(text: str) -> None:
    with pytest.raises(ClusterError, match=r"cluster\.json cannot be read"):
        Plan.from_json(text)
