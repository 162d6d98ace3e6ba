"""The keys of players' tokens are made once, belong to their ChessCluster, and are never changed."""

import base64
from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from chess_operator.kube.client import CONFLICT, ApiError, Kube
from chess_operator.objects import Owner
from chess_operator.reconcile.token_keys import AGAIN_SECONDS, RETRY_SECONDS, TokenKeys

OWNER = Owner(name="arena", namespace="chess", uid="u-1")
LEFT = {"metadata": {"ownerReferences": [{"kind": "ChessCluster", "uid": "u-0"}]}}
OWN = {"metadata": {"ownerReferences": [{"kind": "ChessCluster", "uid": "u-1"}]}}
EXTERNAL = {"metadata": {"ownerReferences": [{"kind": "ExternalSecret", "uid": "u-9"}]}}
BY_HAND: dict[str, Any] = {"metadata": {}}


@dataclass(kw_only=True)
class Api:
    """An API server with at most one Secret, and a clock."""

    secret: dict[str, Any] | None = None
    refuses: int | None = None
    now: float = 1000.0
    asked: int = 0
    made: list[dict[str, Any]] = field(default_factory=list)

    async def get(self, _: Any, namespace: str, name: str) -> dict[str, Any] | None:
        assert (namespace, name) == ("chess", "arena-token-keys")
        self.asked += 1
        return self.secret

    async def create(self, _: Any, namespace: str, body: dict[str, Any]) -> dict[str, Any]:
        assert namespace == "chess"
        if self.refuses is not None:
            raise ApiError(self.refuses, "no")
        self.made.append(body)
        self.secret = body
        return body


def keys_of(api: Api) -> TokenKeys:
    return TokenKeys(cast("Kube", api), clock=lambda: api.now)


async def test_a_secret_is_made_once_with_a_key_that_belongs_to_its_cluster() -> None:
    api = Api()
    for _ in range(3):
        await keys_of(api).ensure(OWNER)
    [made] = api.made
    assert made["metadata"]["name"] == "arena-token-keys"
    assert [one["uid"] for one in made["metadata"]["ownerReferences"]] == ["u-1"]
    [key] = base64.b64decode(made["data"]["keys"]).decode().splitlines()
    assert len(key) == 43


async def test_every_cluster_has_a_key_of_its_own() -> None:
    one, other = Api(), Api()
    for api in (one, other):
        await keys_of(api).ensure(OWNER)
    assert one.made[0]["data"] != other.made[0]["data"]


@pytest.mark.parametrize("there", [OWN, BY_HAND, EXTERNAL])
async def test_what_is_there_stays_as_it_is(there: dict[str, Any]) -> None:
    api = Api(secret=there)
    keys = keys_of(api)
    for _ in range(2):
        await keys.ensure(OWNER)
    assert (api.asked, api.made) == (1, [])


async def test_it_is_asked_for_once_a_minute_and_made_again_if_it_was_deleted() -> None:
    api = Api()
    keys = keys_of(api)
    await keys.ensure(OWNER)
    api.secret, api.now = None, api.now + AGAIN_SECONDS - 1
    await keys.ensure(OWNER)
    assert (api.asked, len(api.made)) == (1, 1)
    api.now += 1
    await keys.ensure(OWNER)
    assert len(api.made) == 2


async def test_the_one_of_an_earlier_cluster_of_this_name_does_not_count() -> None:
    api = Api(secret=LEFT)
    keys = keys_of(api)
    await keys.ensure(OWNER)
    api.secret = None  # collected
    await keys.ensure(OWNER)
    assert len(api.made) == 1


async def test_who_is_second_takes_what_the_first_has_made() -> None:
    assert await keys_of(Api(refuses=CONFLICT)).ensure(OWNER) is None


async def test_a_refusal_is_told_until_it_is_over_and_the_next_try_is_not_at_once() -> None:
    api = Api(refuses=403)
    keys = keys_of(api)
    for _ in range(2):
        told = await keys.ensure(OWNER)
        assert told is not None
        assert (told.reason, told.message) == (
            "TokenKeysMissing",
            "Secret arena-token-keys cannot be made: no",
        )
    assert api.asked == 1
    api.refuses, api.now = None, api.now + RETRY_SECONDS
    assert await keys.ensure(OWNER) is None
    assert len(api.made) == 1


async def test_an_api_server_that_does_not_answer_is_not_a_refusal() -> None:
    with pytest.raises(ApiError):
        await keys_of(Api(refuses=0)).ensure(OWNER)
