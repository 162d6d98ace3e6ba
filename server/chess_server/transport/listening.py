"""Listening sockets: one port for both families, whatever the address.

asyncio would listen on `::` for IPv6 alone, and would take another free port for each family of `localhost`.
"""

import contextlib
import errno
import ipaddress
import socket

BACKLOG = 4096
EVERY_ADDRESS = frozenset({"0.0.0.0", "::"})  # noqa: S104 - names what a user may ask for
PORT_TRIES = 20


def listen(host: str, port: int, receive_buffer: int | None = None) -> list[socket.socket]:
    """Listen on an address, or on `localhost`; return the sockets, all on one port. Raises OSError.

    `0.0.0.0` and `::` both mean every address of both families, so that a pod needs no setting that depends on its
    network. `receive_buffer` bounds the bytes that the kernel holds for each accepted socket.
    """
    if host in EVERY_ADDRESS:
        return _bounded([_every(port)], receive_buffer)
    if host == "localhost":
        return _bounded(_localhost(port), receive_buffer)
    family = socket.AF_INET6 if ipaddress.ip_address(host).version == 6 else socket.AF_INET  # noqa: PLR2004 - IPv6
    return _bounded([_open(host, port, family)], receive_buffer)


def port_of(listening: list[socket.socket]) -> int:
    """Return the port of listening sockets."""
    return int(listening[0].getsockname()[1])


def _every(port: int) -> socket.socket:
    if not socket.has_dualstack_ipv6():
        return _open("0.0.0.0", port, socket.AF_INET)  # noqa: S104 - the user asked for every address
    return _open("::", port, socket.AF_INET6, dual=True)


def _localhost(port: int) -> list[socket.socket]:
    for _ in range(PORT_TRIES):
        first = _open("127.0.0.1", port, socket.AF_INET)
        try:
            return [first, _open("::1", port_of([first]), socket.AF_INET6)]
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                return [first]  # a machine without IPv6
            first.close()
            if port:
                raise
    raise OSError(errno.EADDRINUSE, "no port is free in both families")


def _open(host: str, port: int, family: int, *, dual: bool = False) -> socket.socket:
    return socket.create_server((host, port), family=family, backlog=BACKLOG, dualstack_ipv6=dual)


def _bounded(listening: list[socket.socket], receive_buffer: int | None) -> list[socket.socket]:
    for one in listening:
        one.setblocking(False)  # noqa: FBT003 - socket takes no keyword here
        if receive_buffer is not None:
            with contextlib.suppress(OSError):  # the system's own bound stays
                one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    return listening
