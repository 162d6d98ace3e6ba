"""Connections whose client broke the protocol, held until it has surely read why.

picows closes such a connection 10 ms after its close frame. If the rest of the client's frame comes later, the kernel
answers with a reset, and the client may never see the close frame. So the connection is kept by a second descriptor:
its end follows the frame, what still comes is not read, and the kernel keeps no more of it than its receive buffer.
"""

import asyncio
import contextlib
import os
import socket

SECONDS = 2.0
END_SECONDS = 0.05
"""When the end of the connection is sent: after picows has written the close frame and given the connection up."""
MOST = 256
"""More are closed at once: each costs a descriptor."""


class Lingering:
    """The connections that are held now."""

    def __init__(self) -> None:
        self._held: set[socket.socket] = set()

    def __len__(self) -> int:
        return len(self._held)

    def hold(self, transport: asyncio.Transport) -> None:
        """Hold a connection that is about to be closed, and read nothing more from it."""
        if len(self._held) >= MOST:
            return
        transport.pause_reading()
        held = socket.socket(fileno=os.dup(transport.get_extra_info("socket").fileno()))
        self._held.add(held)
        loop = asyncio.get_running_loop()
        loop.call_later(END_SECONDS, self._end, held)
        loop.call_later(SECONDS, self._release, held)

    def stop(self) -> None:
        """Release all."""
        for held in list(self._held):
            self._release(held)

    @staticmethod
    def _end(held: socket.socket) -> None:
        with contextlib.suppress(OSError):  # the client was faster
            held.shutdown(socket.SHUT_WR)

    def _release(self, held: socket.socket) -> None:
        self._held.discard(held)
        held.close()
