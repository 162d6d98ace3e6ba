"""A ChessCluster never blocks on a reader that it shares with others."""

import asyncio
from typing import Any, cast

import pytest

from chess_operator.census import source as module
from chess_operator.census.reader import Endpoint, PresenceReader, Readers
from chess_operator.census.source import CensusSource
from chess_operator.kube.secrets import SecretReader
from chess_operator.report.conditions import Problem


class Silent:
    """A reader whose answer never comes."""

    endpoint = Endpoint(url="redis://:hunter2@far:6379/0")

    async def read(self, _: str) -> Any:
        await asyncio.Event().wait()


class Secrets:
    """Records whose Secrets are to be read again."""

    def __init__(self) -> None:
        self.forgotten: list[str] = []

    def forget(self, namespace: str) -> None:
        self.forgotten.append(namespace)


async def test_a_read_that_never_ends_is_an_unreachable_redis(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "READ_SECONDS", 0.01)
    secrets = Secrets()
    source = CensusSource(Readers(), cast("SecretReader", secrets), lambda: None)
    source._joined = (Silent.endpoint, "u", cast("PresenceReader", Silent()))
    found = await asyncio.wait_for(source.read("chess", "u"), 5)
    assert isinstance(found, Problem)
    assert found.reason == "RedisUnreachable"
    assert "far:6379" in found.message
    assert "hunter2" not in found.message
    assert secrets.forgotten == ["chess"]
