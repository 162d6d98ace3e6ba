"""How the lobby names its clients to Redis, and what it sends them."""

import asyncio
from types import SimpleNamespace
from typing import Any, cast

import pytest

from chess_server.lobby.pools import AT_ONCE, Lobby
from chess_server.lobby.seeks import Seek, client_of
from chess_server.store.errors import UnreachableError
from chess_server.store.redis.pools import Redirect
from chess_server.wire.pools import Pool

TEN = Pool(initial_seconds=600, increment_seconds=5)
KEY = "0123456789abcdef"
ANN = client_of("ann-ann-", KEY)


class Socket:
    def __init__(self) -> None:
        self.sent: list[bytes] = []

    def send(self, frame: bytes) -> None:
        self.sent.append(frame)


class Pools:
    """Notes the calls; a client with a redirect gets it as the answer to each."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, str]] = []
        self.redirects: dict[str, bytes] = {}
        self.answers = True

    async def enter(self, _pool: str, client: str, _owner: str) -> Any:
        return self._placed("enter", client)

    async def stay(self, _pool: str, client: str, _owner: str) -> Any:
        return self._placed("stay", client)

    async def leave(self, client: str) -> Any:
        placed = self._placed("leave", client)
        return "elsewhere" if placed == "waiting" else placed

    async def quit(self, client: str, _owner: str) -> None:
        self.calls.append(("quit", client))
        if not self.answers:
            raise UnreachableError("redis", "no answer")

    async def drop_redirect(self, client: str) -> None:
        self.calls.append(("drop", client))
        del self.redirects[client]

    def _placed(self, call: str, client: str) -> Any:
        self.calls.append((call, client))
        return Redirect(self.redirects[client]) if client in self.redirects else "waiting"


@pytest.fixture
def pools() -> Pools:
    return Pools()


@pytest.fixture
def lobby(pools: Pools) -> Lobby:
    return Lobby(cast("Any", pools), cast("Any", SimpleNamespace()), cast("Any", None), "channel")


def entered(lobby: Lobby, number: int = 1) -> tuple[Seek, Socket]:
    socket = Socket()
    seek = Seek("ann-ann-", f"pod|{number}", socket)
    lobby.enter(seek)
    return seek, socket


async def test_who_shows_the_key_gets_a_missed_redirect(lobby: Lobby, pools: Pools) -> None:
    pools.redirects[ANN] = b"redirect"
    seek, socket = entered(lobby)
    await lobby.wait(seek, TEN, KEY)
    assert socket.sent == [b"redirect"]
    assert seek.pool is None


async def test_without_the_key_nothing_that_was_kept_is_given_out(lobby: Lobby, pools: Pools) -> None:
    pools.redirects["ann-ann-"] = b"redirect"
    seek, socket = entered(lobby)
    await lobby.stop_waiting(seek, "")
    await lobby.wait(seek, TEN, "")
    assert socket.sent == []
    assert pools.calls[-2:] == [("drop", "ann-ann-"), ("enter", "ann-ann-")]
    assert seek.pool == TEN


async def test_a_socket_that_waited_and_asks_again_is_not_paired_twice(lobby: Lobby, pools: Pools) -> None:
    seek, socket = entered(lobby)
    await lobby.wait(seek, TEN, "")
    pools.redirects["ann-ann-"] = b"redirect"  # sealed, and published to this socket's server
    await lobby.wait(seek, TEN, "")
    assert ("drop", "ann-ann-") not in pools.calls
    lobby._on_redirect(b"ann-ann-\nredirect")
    assert socket.sent == [b"redirect"]
    assert seek.pool is None


class SlowPools(Pools):
    """Counts how many ask at the same time."""

    def __init__(self) -> None:
        super().__init__()
        self.asking = self.most = 0

    async def enter(self, pool: str, client: str, owner: str) -> Any:
        self.asking += 1
        self.most = max(self.most, self.asking)
        await asyncio.sleep(0)
        self.asking -= 1
        return await super().enter(pool, client, owner)


async def test_many_who_ask_at_once_are_paired_by_and_by() -> None:
    pools = SlowPools()
    lobby = Lobby(cast("Any", pools), cast("Any", SimpleNamespace()), cast("Any", None), "channel")
    seeks = [Seek(f"sri-{number:04d}", f"pod|{number}", Socket()) for number in range(50)]
    for seek in seeks:
        lobby.enter(seek)
    await asyncio.gather(*(lobby.wait(seek, TEN, "") for seek in seeks))
    assert [seek.synced for seek in seeks] == 50 * [True]
    assert pools.most <= AT_ONCE


@pytest.mark.parametrize("answers", [True, False])
async def test_a_wait_under_another_name_ends_and_keeps_the_new_one_from_nothing(
    lobby: Lobby, pools: Pools, *, answers: bool
) -> None:
    seek, _ = entered(lobby)
    await lobby.wait(seek, TEN, "")
    pools.answers = answers
    await lobby.wait(seek, TEN, KEY)
    assert pools.calls == [("enter", "ann-ann-"), ("quit", "ann-ann-"), ("enter", ANN)]
    assert seek.pool == TEN


async def test_a_wait_is_ended_on_another_socket_by_its_key(lobby: Lobby, pools: Pools) -> None:
    seek, _ = entered(lobby)
    await lobby.stop_waiting(seek, KEY)
    assert pools.calls == [("leave", ANN)]
