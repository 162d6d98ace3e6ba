"""Thousands of honest clients that come at once, such as after a cut: nobody's connection is taken for an attack."""

import contextlib
import socket
from typing import Any

import pytest
from polling import wait_until

pytestmark = pytest.mark.integration

MANY = 1500
REQUEST = (
    "GET /lobby/socket?sri=crowd-{:06d} HTTP/1.1\r\nHost: test\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: MDEyMzQ1Njc4OTAxMjM0NQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)


def test_those_whose_requests_come_after_all_connections_are_let_in(make_fleet: Any) -> None:
    """By the transport that plays: the reference one takes longer for so many than a handshake may last."""
    with make_fleet("crowd") as fleet, contextlib.ExitStack() as stack:
        [server] = fleet.start()
        address = ("127.0.0.1", server.port)
        opened = [stack.enter_context(socket.create_connection(address, 60)) for _ in range(MANY)]
        wait_until(lambda: server.descriptors > MANY, "all connections have come", within=60)
        for number, one in enumerate(opened):
            one.sendall(REQUEST.format(number).encode())
        assert [one.recv(12) for one in opened].count(b"HTTP/1.1 101") == MANY
