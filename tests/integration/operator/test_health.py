"""Probes over both families, whatever the address is called: an IPv6-only cluster has no other."""

import asyncio
import socket

import pytest

from chess_operator.health import Health
from chess_operator.metrics import Metrics
from chess_operator.settings import Address

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(not socket.has_dualstack_ipv6(), reason="a machine without IPv6"),
]


@pytest.mark.parametrize("host", ["::", "0.0.0.0"])  # noqa: S104 - what a pod listens on
async def test_the_kubelet_reaches_the_operator_over_both_families(host: str) -> None:
    health = Health(metrics=Metrics())
    port = await health.start(Address(host=host, port=0))
    try:
        for address in ("127.0.0.1", "::1"):
            reader, writer = await asyncio.open_connection(address, port)
            writer.write(b"GET /livez HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n")
            async with asyncio.timeout(60):
                assert (await reader.read()).endswith(b"ok\n")
            writer.close()
    finally:
        await health.stop()
