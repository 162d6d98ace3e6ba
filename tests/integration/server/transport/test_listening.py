"""One port for both families, for players and for probes."""

import asyncio
import socket
from collections.abc import Iterator
from typing import Any

import pytest
from echo_house import Front
from websockets.asyncio.client import connect

from chess_server.pod.admin import Admin, Answer
from chess_server.transport.link import Limits
from chess_server.transport.listening import listen, port_of
from chess_server.transport.picows import PicowsTransport
from chess_server.transport.websockets import WebsocketsTransport

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(not socket.has_dualstack_ipv6(), reason="a machine without IPv6"),
]


class Probes:
    """The admin port behind a transport's interface."""

    def __init__(self, *_: object) -> None:
        self._admin = Admin({"/livez": lambda: Answer("200 OK", b"alive\n")})
        self.start, self._stop = self._admin.start, self._admin.stop

    async def stop(self) -> None:
        await self._stop()


@pytest.mark.parametrize("host", ["::", "0.0.0.0", "localhost"])  # noqa: S104 - what a pod listens on
@pytest.mark.parametrize("kind", [PicowsTransport, WebsocketsTransport, Probes])
async def test_both_families_are_served_on_one_port(kind: Any, host: str) -> None:
    served = kind(Front().admit, Limits())
    port = await served.start(host, 0)
    try:
        for address in ("127.0.0.1", "::1"):
            reader, writer = await asyncio.open_connection(address, port)
            writer.write(b"GET /livez HTTP/1.1\r\nHost: test\r\n\r\n")
            async with asyncio.timeout(60):
                assert (await reader.read()).startswith(b"HTTP/1.1 ")
            writer.close()
    finally:
        await served.stop()


@pytest.mark.parametrize("host", ["::", "0.0.0.0"])  # noqa: S104 - what a pod listens on
async def test_a_server_on_an_ipv6_network_is_alive_and_plays(fleet: Any, host: str) -> None:
    [server] = fleet.start(1, CHESS_LISTEN=host)
    reader, writer = await asyncio.open_connection("::1", server.admin_port)
    writer.write(b"GET /livez HTTP/1.1\r\nHost: [::1]\r\n\r\n")
    async with asyncio.timeout(60):
        assert (await reader.read()).endswith(b"alive\n")
        async with connect(f"ws://[::1]:{server.port}/lobby/socket?sri=over-ipv6", proxy=None) as lobby:
            await lobby.send("null")
            assert await lobby.recv() == "0"
    writer.close()


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as holder:
        yield int(holder.getsockname()[1])


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_port_that_is_taken_is_an_error(taken: int, host: str) -> None:
    with pytest.raises(OSError, match="in use"):
        listen(host, taken)


@pytest.mark.parametrize("host, family", [("127.0.0.1", socket.AF_INET), ("::1", socket.AF_INET6)])
def test_an_address_is_listened_on_alone(host: str, family: int) -> None:
    [one] = listening = listen(host, 0)
    assert (one.family, one.getsockname()[0]) == (family, host)
    assert port_of(listening) > 0
    one.close()
