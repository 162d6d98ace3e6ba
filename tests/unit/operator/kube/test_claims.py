"""Which operator looks after a namespace: its own before one of the whole cluster, and one at a time."""

import asyncio
from typing import Any, cast

import pytest

from chess_operator.api.resources.kinds import Kind, Manifest
from chess_operator.api.resources.names import CLAIM_NAME
from chess_operator.kube import claims
from chess_operator.kube.claims import CLAIM_SECONDS, LOOK_SECONDS, Claims
from chess_operator.kube.client import CONFLICT, NOT_FOUND, ApiError, Kube

FORBIDDEN = 403


class Leases:
    """The API server's Leases, as far as claims go."""

    def __init__(self) -> None:
        self.held: dict[str, Manifest] = {}
        self.reads = 0
        self.refused = False
        self._version = 0

    async def get(self, _: Kind, namespace: str, name: str) -> Manifest | None:
        assert name == CLAIM_NAME
        self.reads += 1
        if self.refused:
            raise ApiError(FORBIDDEN, "no")
        return self.held.get(namespace)

    async def create(self, _: Kind, namespace: str, body: Manifest) -> Manifest:
        if namespace in self.held:
            raise ApiError(CONFLICT, "exists")
        return self._store(namespace, body)

    async def replace(self, _: Kind, namespace: str, name: str, body: Manifest) -> Manifest:
        if name != CLAIM_NAME or namespace not in self.held:
            raise ApiError(NOT_FOUND, "none")
        if body["metadata"]["resourceVersion"] != self.held[namespace]["metadata"]["resourceVersion"]:
            raise ApiError(CONFLICT, "changed")
        return self._store(namespace, body)

    def _store(self, namespace: str, body: Manifest) -> Manifest:
        self._version += 1
        meta = body["metadata"] | {"resourceVersion": str(self._version)}
        self.held[namespace] = {**body, "metadata": meta}
        return self.held[namespace]


class World:
    """Installations that share an API server and a clock; nobody waits."""

    def __init__(self) -> None:
        self.leases, self.now = Leases(), 1000.0

    def installation(self, holder: str, *namespaces: str) -> Claims:
        kube = cast("Kube", self.leases)
        return Claims(kube=kube, holder=holder, namespaces=namespaces, clock=lambda: self.now)


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    made = World()

    async def sleep(seconds: float) -> None:
        made.now += seconds

    monkeypatch.setattr(asyncio, "sleep", sleep)
    return made


async def test_without_a_claim_everybody_works_everywhere(world: World) -> None:
    assert await world.installation("system/wide").other("chess") is None


async def test_an_operator_of_the_whole_cluster_stands_back_where_a_namespace_has_its_own(
    world: World,
) -> None:
    wide, own = world.installation("system/wide"), world.installation("games/own", "chess")
    await own.begin()
    assert await wide.other("chess") == "games/own"
    assert await wide.other("arena") is None
    assert await own.other("chess") is None


async def test_a_new_claim_waits_until_all_have_looked_again(world: World) -> None:
    wide, own = world.installation("system/wide"), world.installation("games/own", "chess")
    assert await wide.other("chess") is None
    began = world.now
    await own.begin()
    assert world.now - began == LOOK_SECONDS
    assert await wide.other("chess") == "games/own"


async def test_another_leader_of_the_same_installation_goes_on_at_once(world: World) -> None:
    await world.installation("games/own", "chess").begin()
    began = world.now
    await world.installation("games/own", "chess").begin()
    assert world.now == began


async def test_of_two_operators_of_a_namespace_the_second_stands_back(world: World) -> None:
    first, second = world.installation("a/a", "chess"), world.installation("b/b", "chess", "arena")
    await first.begin()
    await second.begin()
    assert (await first.other("chess"), await second.other("chess")) == (None, "a/a")
    assert (await first.other("arena"), await second.other("arena")) == ("b/b", None)


async def test_a_claim_that_nobody_renews_ends(world: World) -> None:
    wide, own = world.installation("system/wide"), world.installation("games/own", "chess")
    await own.begin()
    assert await wide.other("chess") == "games/own"
    world.now += CLAIM_SECONDS - 1
    assert await wide.other("chess") == "games/own"
    world.now += 2
    assert await wide.other("chess") is None
    heir = world.installation("other/heir", "chess")
    await heir.other("chess")
    world.now += CLAIM_SECONDS + 1
    await heir.begin()
    assert await wide.other("chess") == "other/heir"


async def test_a_renewed_claim_lasts(world: World) -> None:
    wide, own = world.installation("system/wide"), world.installation("games/own", "chess")
    await own.begin()
    for _ in range(20):
        world.now += claims.RENEW_SECONDS
        await own._claim("chess")
        assert await wide.other("chess") == "games/own"


async def test_a_look_is_good_for_a_while(world: World) -> None:
    wide = world.installation("system/wide")
    for _ in range(5):
        await wide.other("chess")
    assert world.leases.reads == 1
    world.now += LOOK_SECONDS
    await wide.other("chess")
    assert world.leases.reads == 2


async def test_without_the_right_to_look_it_works_as_before(world: World) -> None:
    world.leases.refused = True
    wide: Any = world.installation("system/wide", "chess")
    assert await wide.other("chess") is None
    await wide.begin()
