"""How a server's sessions are divided: moves have their own, and no more are opened than the operator allows."""

import pytest

from chess_server.store.postgres.sessions import shares


@pytest.mark.parametrize(
    "most, moves, commits, reads",
    [(2, 1, 0, 1), (3, 1, 1, 1), (4, 1, 2, 1), (5, 1, 2, 2), (8, 1, 4, 3), (100, 1, 50, 49)],
)
def test_shares(most: int, moves: int, commits: int, reads: int) -> None:
    assert shares(most) == {"moves": moves, "commits": commits, "reads": reads, "late": 2}
    assert moves + commits + reads == most
