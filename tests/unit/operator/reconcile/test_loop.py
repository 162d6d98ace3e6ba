"""A loop whose reconciles fail: it tries again after growing pauses, however often it is woken."""

import asyncio
import contextlib
from typing import cast

import pytest

from chess_operator.api.resources.names import Key
from chess_operator.census.reader import Readers
from chess_operator.kube.claims import Claims
from chess_operator.kube.client import CONFLICT, ApiError, Kube
from chess_operator.kube.mirror import Mirror
from chess_operator.kube.secrets import SecretReader
from chess_operator.metrics import Metrics
from chess_operator.reconcile import loop as module
from chess_operator.reconcile.dependencies import Dependencies
from chess_operator.reconcile.loop import Loop
from chess_operator.reconcile.reconciler import Reconciler
from chess_operator.reconcile.waker import Waker, Wakers
from chess_operator.report.conditions import Problem

KEY = Key("chess", "arena")
LONG = 30.0


class Failing:
    """A reconciler that fails this many times, while heartbeats come in, and then has nothing to do."""

    endpoint = None

    def __init__(self, waker: Waker, status: int, times: int) -> None:
        self._waker, self._status = waker, status
        self.left, self.begun, self.reported = times, 0, 0
        self.mended = asyncio.Event()

    async def reconcile(self) -> float | None:
        self.begun += 1
        self._waker.wake()
        if self.left:
            self.left -= 1
            raise ApiError(self._status, "no")
        self.mended.set()
        return None

    async def halt(self, _: Problem, *, valid: bool = False) -> None:
        assert valid
        self.reported += 1

    async def close(self) -> None:
        pass


def failing(status: int, times: int) -> tuple[Loop, Failing]:
    wakers, kube = Wakers(), cast("Kube", None)
    dependencies = Dependencies(
        kube=kube,
        mirror=Mirror(wakers.wake),
        wakers=wakers,
        readers=Readers(),
        secrets=SecretReader(kube),
        metrics=Metrics(),
        claims=Claims(kube=kube, holder="test/test", namespaces=()),
        identity="test",
    )
    made, reconciler = Loop(dependencies, KEY), Failing(wakers.of(KEY), status, times)
    made._reconciler = cast("Reconciler", reconciler)
    return made, reconciler


async def run(made: Loop, reconciler: Failing, seconds: float) -> None:
    task = asyncio.create_task(made.run(lambda: False))
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await reconciler.mended.wait()
    task.cancel()
    await asyncio.wait({task})


async def test_heartbeats_do_not_make_a_refusing_api_server_a_hammered_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "COALESCE_SECONDS", 0.001)
    monkeypatch.setattr(module, "PAUSES_SECONDS", (0.001, LONG))
    made, reconciler = failing(429, 1000)
    await run(made, reconciler, 0.3)
    assert reconciler.begun == 2


async def test_what_is_mended_is_noticed_within_seconds_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "COALESCE_SECONDS", 0.001)
    monkeypatch.setattr(module, "PAUSES_SECONDS", (0.001, LONG))
    monkeypatch.setattr(module, "IGNORE_WAKES_SECONDS", 0.01)
    made, reconciler = failing(500, 4)
    await run(made, reconciler, 10)
    assert reconciler.mended.is_set()
    assert reconciler.reported == 3


@pytest.mark.parametrize("times, reported", [(3, 0), (module.CONFLICTS + 1, 1)], ids=["a race", "no race"])
async def test_conflicts_are_tried_again_at_once_but_not_without_end(
    monkeypatch: pytest.MonkeyPatch, times: int, reported: int
) -> None:
    monkeypatch.setattr(module, "COALESCE_SECONDS", 0.001)
    monkeypatch.setattr(module, "PAUSES_SECONDS", (0.001,))
    made, reconciler = failing(CONFLICT, times)
    await run(made, reconciler, 10)
    assert reconciler.mended.is_set()
    assert reconciler.reported == reported
