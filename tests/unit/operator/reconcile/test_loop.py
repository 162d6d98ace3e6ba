"""A daemon whose rounds fail: it tries again with growing pauses, however much there is to hear."""

import asyncio
import contextlib
from typing import cast

import pytest

from chess_operator.census.reader import Readers
from chess_operator.kube.client import CONFLICT, ApiError, Kube
from chess_operator.kube.mirror import Key, Mirror
from chess_operator.kube.secrets import SecretReader
from chess_operator.metrics import Metrics
from chess_operator.reconcile import loop as module
from chess_operator.reconcile.dependencies import Tools
from chess_operator.reconcile.loop import Daemon
from chess_operator.reconcile.reconciler import Rounds
from chess_operator.report.conditions import Problem

KEY = Key("chess", "arena")
LONG = 30.0


class Failing:
    """Rounds that fail so often, while heartbeats come in, and then bring nothing to do."""

    endpoint = None

    def __init__(self, waker: asyncio.Event, status: int, times: int) -> None:
        self._waker, self._status = waker, status
        self.left, self.begun, self.told = times, 0, 0
        self.mended = asyncio.Event()

    async def go(self) -> float | None:
        self.begun += 1
        self._waker.set()
        if self.left:
            self.left -= 1
            raise ApiError(self._status, "no")
        self.mended.set()
        return None

    async def halt(self, _: Problem, *, valid: bool = False) -> None:
        assert valid
        self.told += 1

    async def close(self) -> None:
        pass


def failing(status: int, times: int) -> tuple[Daemon, Failing]:
    mirror, kube = Mirror(), cast("Kube", None)
    tools = Tools(
        kube=kube,
        mirror=mirror,
        readers=Readers(),
        secrets=SecretReader(kube),
        metrics=Metrics(),
        identity="test",
    )
    made, rounds = Daemon(tools, KEY), Failing(mirror.waker(KEY), status, times)
    made._rounds = cast("Rounds", rounds)
    return made, rounds


async def run(made: Daemon, rounds: Failing, seconds: float) -> None:
    task = asyncio.create_task(made.run(lambda: False))
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await rounds.mended.wait()
    task.cancel()
    await asyncio.wait({task})


async def test_heartbeats_do_not_make_a_refusing_api_server_a_hammered_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "COALESCE_SECONDS", 0.001)
    monkeypatch.setattr(module, "PAUSES", (0.001, LONG))
    made, rounds = failing(429, 1000)
    await run(made, rounds, 0.3)
    assert rounds.begun == 2


async def test_what_is_mended_is_noticed_within_seconds_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "COALESCE_SECONDS", 0.001)
    monkeypatch.setattr(module, "PAUSES", (0.001, LONG))
    monkeypatch.setattr(module, "DEAF_SECONDS", 0.01)
    made, rounds = failing(500, 4)
    await run(made, rounds, 10)
    assert rounds.mended.is_set()
    assert rounds.told == 3


@pytest.mark.parametrize("times, told", [(3, 0), (module.CONFLICTS + 1, 1)], ids=["a race", "no race"])
async def test_conflicts_are_tried_again_at_once_but_not_for_ever(
    monkeypatch: pytest.MonkeyPatch, times: int, told: int
) -> None:
    monkeypatch.setattr(module, "COALESCE_SECONDS", 0.001)
    monkeypatch.setattr(module, "PAUSES", (0.001,))
    made, rounds = failing(CONFLICT, times)
    await run(made, rounds, 10)
    assert rounds.mended.is_set()
    assert rounds.told == told
