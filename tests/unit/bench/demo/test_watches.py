"""A census message is read as its writer writes it."""

import pytest

from chess_bench.demo.watches import census_counts
from chess_presence.records import Heartbeat, news


def test_the_counts_of_a_heartbeat() -> None:
    assert census_counts(news(Heartbeat(uid="u", connections=7)).encode()) == ("u", 7)


@pytest.mark.parametrize("data", [b"u", b"", b"u x", b"\xff"])
def test_a_message_without_counts(data: bytes) -> None:
    assert census_counts(data) is None
