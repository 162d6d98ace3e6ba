"""The pods are restricted, with no secret in the environment, and end only after the whole drain."""

from typing import Any

import pytest
from operator_cases import spec

from chess_operator import objects
from chess_operator.api.model.server import OPERATORS_VARIABLES
from chess_operator.objects.template import grace_seconds

OWNER = objects.Owner(name="arena", namespace="chess", uid="u-1")
SELECTOR = {"chesscluster.dev/cluster": "arena", "chesscluster.dev/colour": "blue"}


def template(**more: Any) -> dict[str, Any]:
    return objects.template(OWNER, spec(**more), "blue", "abc")


def container(**more: Any) -> dict[str, Any]:
    found: dict[str, Any] = template(**more)["spec"]["containers"][0]
    return found


def environment(**more: Any) -> dict[str, Any]:
    return {one["name"]: one.get("value", one.get("valueFrom")) for one in container(**more)["env"]}


def test_the_environment_is_the_contract() -> None:
    given = environment()
    assert set(given) == {
        "CHESS_CLUSTER_NAME",
        "CHESS_CLUSTER_UID",
        "CHESS_POD_NAME",
        "CHESS_POD_UID",
        "CHESS_POD_IP",
        "CHESS_REVISION",
        "CHESS_MAX_CONNECTIONS",
        "CHESS_DRAIN_DEADLINE_SECONDS",
        "CHESS_RECONNECT_WINDOW_SECONDS",
        "CHESS_LISTEN",
        "CHESS_REDIS_URL_FILE",
        "CHESS_DATABASE_URL_FILE",
        "CHESS_TOKEN_KEYS_FILE",
    }
    assert given["CHESS_CLUSTER_UID"] == "u-1"
    assert given["CHESS_REVISION"] == "abc"
    assert given["CHESS_POD_UID"]["fieldRef"]["fieldPath"] == "metadata.uid"


def test_what_the_operator_sets_no_user_may_set_and_all_else_he_may() -> None:
    store = {"urlSecretRef": {"name": "r", "key": "k"}, "caSecretRef": {"name": "ca", "key": "pem"}}
    assert set(environment(redis=store, database=store)) <= set(OPERATORS_VARIABLES)
    hops = {"name": "CHESS_TRUSTED_HOPS", "value": "1"}
    assert environment(server={"image": "x", "env": [hops]})["CHESS_TRUSTED_HOPS"] == "1"


def test_secrets_are_files_whatever_their_keys_are_called() -> None:
    made = template(
        redis={"urlSecretRef": {"name": "r", "key": "k"}, "caSecretRef": {"name": "ca", "key": "pem"}}
    )
    volume = next(one for one in made["spec"]["volumes"] if one["name"] == "redis")
    sources = [one["secret"] for one in volume["projected"]["sources"]]
    assert sources == [
        {"name": "r", "items": [{"key": "k", "path": "url"}]},
        {"name": "ca", "items": [{"key": "pem", "path": "ca.crt"}]},
    ]
    mounts = {one["name"]: one for one in made["spec"]["containers"][0]["volumeMounts"]}
    assert mounts["redis"]["mountPath"] == "/run/secrets/chess/redis"
    assert mounts["redis"]["readOnly"] is True


def test_the_pod_is_restricted() -> None:
    made = template()["spec"]
    assert made["securityContext"]["runAsNonRoot"] is True
    assert made["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert made["automountServiceAccountToken"] is False
    inside = made["containers"][0]["securityContext"]
    assert inside == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }


def test_sigterm_leaves_time_for_the_whole_drain() -> None:
    drain = {"deadlineSeconds": 100, "reconnectWindowSeconds": 20}
    assert template(drain=drain)["spec"]["terminationGracePeriodSeconds"] == 150
    assert grace_seconds(spec(drain=drain)) == 150


def test_a_users_labels_do_not_replace_ours() -> None:
    more = {
        "image": "x",
        "podTemplate": {"metadata": {"labels": {"team": "a"}, "annotations": {"note": "b"}}},
    }
    meta = template(server=more)["metadata"]
    assert meta["labels"] == {
        "team": "a",
        **SELECTOR,
        "chesscluster.dev/serving": "true",
        "app.kubernetes.io/name": "chess-server",
        "app.kubernetes.io/managed-by": "chess-operator",
    }
    assert meta["annotations"] == {"note": "b", "chesscluster.dev/revision": "abc"}


@pytest.mark.parametrize(
    "given, requests, limits",
    [
        ({}, {"cpu": "50m", "memory": "96Mi"}, None),
        ({"limits": {"memory": "64Mi"}}, {"cpu": "50m", "memory": "64Mi"}, {"memory": "64Mi"}),
        ({"requests": {"cpu": "1"}}, {"cpu": "1", "memory": "96Mi"}, None),
    ],
    ids=["none given", "a limit below our default request", "a request"],
)
def test_resources(given: dict[str, Any], requests: dict[str, str], limits: dict[str, str] | None) -> None:
    made = container(server={"image": "x", "resources": given})["resources"]
    assert made["requests"] == requests
    assert made.get("limits") == limits


def test_the_keys_of_tokens_are_a_file_that_is_rewritten_when_they_are_rotated() -> None:
    path = environment()["CHESS_TOKEN_KEYS_FILE"]
    [mount] = [one for one in container()["volumeMounts"] if one["name"] == "token-keys"]
    [volume] = [one for one in template()["spec"]["volumes"] if one["name"] == "token-keys"]
    assert path == f"{mount['mountPath']}/keys"
    assert "subPath" not in mount
    assert mount["readOnly"]
    assert volume["secret"]["secretName"] == "arena-token-keys"
    assert volume["secret"]["defaultMode"] == 0o440
