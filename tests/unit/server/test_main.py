"""How often a server that starts tries its database."""

import pytest

from chess_server.main import LATE_RETRY_SECONDS, STORE_RETRY_SECONDS, retry_seconds
from chess_server.store.errors import LateError, SaturatedError, UnavailableError, UnreachableError

LATE = LateError("postgresql", "canceling statement due to lock timeout")


def test_a_migration_that_waits_for_a_table_pauses_longer_each_time() -> None:
    pauses = [STORE_RETRY_SECONDS]
    for _ in range(6):
        pauses.append(retry_seconds(pauses[-1], LATE))
    assert pauses == sorted(pauses)
    assert pauses[1] > STORE_RETRY_SECONDS
    assert pauses[-1] == LATE_RETRY_SECONDS


@pytest.mark.parametrize(
    "error", [UnreachableError("postgresql", "gone"), SaturatedError("postgresql", "full")]
)
def test_another_failure_is_tried_again_soon(error: UnavailableError) -> None:
    assert retry_seconds(LATE_RETRY_SECONDS, error) == STORE_RETRY_SECONDS
