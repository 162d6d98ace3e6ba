"""A Redis of its own for these tests, on a free port of loopback."""

from collections.abc import Iterator

import pytest

from chess_localcluster.stores.store import Store
from chess_localcluster.stores.temporary import temporary_redis


@pytest.fixture(scope="session")
def redis_store() -> Iterator[Store]:
    with temporary_redis() as store:
        yield store


@pytest.fixture(scope="session")
def redis_url(redis_store: Store) -> str:
    return redis_store.url
