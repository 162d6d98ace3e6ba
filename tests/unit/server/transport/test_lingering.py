"""Connections that are held for a while after they were closed."""

import asyncio
import socket
from types import SimpleNamespace
from typing import Any, cast

import pytest
from polling import eventually

from chess_server.transport import lingering
from chess_server.transport.lingering import Lingering


def given_up(held: Lingering) -> socket.socket:
    """Hold one end of a connection, close it as a transport does, and return the other end."""
    ours, theirs = socket.socketpair()
    transport = SimpleNamespace(pause_reading=lambda: None, get_extra_info=lambda _name: ours)
    held.hold(cast("Any", transport))
    ours.close()
    theirs.setblocking(False)  # noqa: FBT003 - socket takes no keyword here
    return theirs


async def test_the_client_reads_the_end_and_may_still_send(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lingering, "SECONDS", 3600.0)
    held = Lingering()
    with given_up(held) as theirs:
        async with asyncio.timeout(60):
            assert await asyncio.get_running_loop().sock_recv(theirs, 1) == b""
        assert theirs.send(b"more") == 4
        held.stop()
        assert len(held) == 0
        with pytest.raises(BrokenPipeError):
            theirs.send(b"more")


async def test_a_connection_is_released_after_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lingering, "SECONDS", 0.01)
    held = Lingering()
    with given_up(held):
        await eventually(lambda: not len(held), "it is released", within=60)


async def test_no_more_than_a_number_are_held(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lingering, "MOST", 1)
    held = Lingering()
    with given_up(held), given_up(held) as second:
        assert len(held) == 1
        assert second.recv(1) == b"", "closed at once"
        held.stop()
