"""A server that finds no room in PostgreSQL says so to whoever probes it, and is ready once there is some."""

from collections.abc import Iterator
from typing import Any

import pytest
from managed_stores import Given
from polling import wait_until

pytestmark = pytest.mark.integration


@pytest.fixture
def no_room(order: Any) -> Iterator[None]:
    """Whoever connects is refused, as when all slots are taken."""
    order("ALTER ROLE chess CONNECTION LIMIT 0")
    yield
    order("ALTER ROLE chess CONNECTION LIMIT -1")


def test_it_says_why_it_is_not_ready(make_fleet: Any, own: Any, order: Any, no_room: None) -> None:
    with make_fleet("crowded", database=Given(own.url)) as fleet:
        server = fleet.launch()

        def reason() -> str:
            status, words = server.admin("/readyz")
            assert status == 503
            return words if "postgresql" in words else ""

        words = wait_until(reason, "the reason", within=60, ignoring=(OSError,))
        assert words.startswith("starting; postgresql: ")
        assert words.endswith('too many connections for role "chess"\n')
        assert words.count("\n") == 1
        order("ALTER ROLE chess CONNECTION LIMIT -1")
        fleet.wait_ready([server])
