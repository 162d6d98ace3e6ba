"""The audit corrects what a watch has missed: new objects and deleted ones."""

from collections.abc import AsyncIterator
from typing import Any, cast

import pytest

from chess_operator.api.resources.kinds import PODS
from chess_operator.api.resources.names import CLUSTER_LABEL, Key
from chess_operator.kube import audit
from chess_operator.kube.client import Kube
from chess_operator.kube.mirror import Mirror

KEY = Key("chess", "arena")


def pod(uid: str, version: int) -> dict[str, Any]:
    meta = {"uid": uid, "name": uid, "namespace": "chess", "resourceVersion": str(version)}
    return {"metadata": {**meta, "labels": {CLUSTER_LABEL: "arena"}}}


class Listing:
    """An API server with these pods, at this version."""

    def __init__(self, version: int, *pods: dict[str, Any]) -> None:
        self._meta, self._pods = {"resourceVersion": str(version)}, pods

    async def pages(self, *_: Any, **__: Any) -> AsyncIterator[dict[str, Any]]:
        for one in self._pods or [None]:
            yield {"metadata": self._meta, "items": [one] if one else None}


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit, "GRACE_SECONDS", 0)


async def missed(mirror: Mirror, listing: Listing) -> int:
    return await audit.Audit(cast("Kube", listing), mirror, [PODS], []).check(PODS)


def seen(mirror: Mirror) -> set[str]:
    return {body["metadata"]["uid"] for body in mirror.all(PODS, KEY)}


async def test_what_came_is_taken_in() -> None:
    mirror = Mirror()
    assert await missed(mirror, Listing(5, pod("a", 1))) == 1
    assert await missed(mirror, Listing(5, pod("a", 1))) == 0
    assert seen(mirror) == {"a"}


async def test_what_went_while_the_watch_was_broken_is_forgotten() -> None:
    mirror = Mirror()
    for body in (pod("a", 1), pod("b", 2)):
        mirror.put(PODS, body)
    assert await missed(mirror, Listing(5, pod("a", 1))) == 1
    assert seen(mirror) == {"a"}


async def test_what_is_younger_than_the_listing_stays() -> None:
    mirror = Mirror()
    mirror.put(PODS, pod("a", 6))
    assert await missed(mirror, Listing(5)) == 0
    assert seen(mirror) == {"a"}
