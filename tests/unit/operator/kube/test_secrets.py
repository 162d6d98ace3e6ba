"""Secrets are read by `get`, kept for a while, and stay known while the API server fails."""

import base64
from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from chess_operator.kube.client import ApiError, Kube
from chess_operator.kube.secrets import SecretError, SecretReader


@dataclass(kw_only=True)
class Ref:
    name: str = "redis"
    key: str = "url"


@dataclass(kw_only=True)
class Api:
    """An API server with one Secret of each name, and a clock."""

    value: str = "old"
    fails: int | None = None
    now: float = 1000.0
    asked: list[str] = field(default_factory=list)

    async def get(self, _: Any, namespace: str, name: str) -> dict[str, Any]:
        self.asked.append(f"{namespace}/{name}")
        if self.fails is not None:
            raise ApiError(self.fails, "no")
        return {"data": {"url": base64.b64encode(self.value.encode()).decode()}}


@pytest.fixture
def api() -> Api:
    return Api()


@pytest.fixture
def reader(api: Api) -> SecretReader:
    return SecretReader(cast("Kube", api), clock=lambda: api.now)


async def test_a_secret_is_kept_for_a_minute(api: Api, reader: SecretReader) -> None:
    assert await reader.value("chess", Ref()) == "old"
    api.value, api.now = "new", api.now + 59
    assert await reader.value("chess", Ref()) == "old"
    api.now += 1
    assert await reader.value("chess", Ref()) == "new"


@pytest.mark.parametrize("status", [0, 429, 500, 503])
async def test_an_api_server_in_trouble_does_not_make_a_known_secret_unreadable(
    api: Api, reader: SecretReader, status: int
) -> None:
    await reader.value("chess", Ref())
    api.fails, api.now = status, api.now + 100
    assert await reader.value("chess", Ref()) == "old"
    reader.forget("chess")
    assert await reader.value("chess", Ref()) == "old"


@pytest.mark.parametrize("status", [403, 500])
async def test_a_secret_that_was_never_read_is_unreadable(
    api: Api, reader: SecretReader, status: int
) -> None:
    api.fails = status
    with pytest.raises(SecretError) as raised:
        await reader.value("chess", Ref())
    assert raised.value.reason == "SecretUnreadable"


async def test_a_right_that_was_taken_away_is_reported(api: Api, reader: SecretReader) -> None:
    await reader.value("chess", Ref())
    api.fails, api.now = 403, api.now + 60
    with pytest.raises(SecretError):
        await reader.value("chess", Ref())


async def test_many_clusters_that_doubt_a_secret_have_it_read_once(api: Api, reader: SecretReader) -> None:
    await reader.value("chess", Ref())
    api.value, api.now = "new", api.now + 10
    for _ in range(100):
        reader.forget("chess")
        assert await reader.value("chess", Ref()) == "new"
    assert len(api.asked) == 2


async def test_what_nobody_asks_for_any_more_is_not_held(api: Api, reader: SecretReader) -> None:
    for number in range(100):
        await reader.value("chess", Ref(name=f"cluster-{number}"))
        api.now += 10
    assert len(reader._kept) <= 12
