"""What the API server accepts and refuses, and the messages that a user reads."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from polling import wait_until

from chess_operator.api.model import SpecError, parse

pytestmark = pytest.mark.integration
SAMPLES = sorted((Path(__file__).parents[3] / "manifests/samples").glob("*.yaml"))

Kubectl = Callable[..., subprocess.CompletedProcess[str]]
Body = dict[str, Any]


def changed(body: Body, changes: dict[str, Any]) -> Body:
    """A copy with values at dotted paths of spec."""
    copy: Body = json.loads(json.dumps(body))
    for path, value in changes.items():
        *parents, last = path.split(".")
        place = copy["spec"]
        for parent in parents:
            place = place.setdefault(parent, {})
        place[last] = value
    return copy


def dry_run(kubectl: Kubectl, body: Body) -> subprocess.CompletedProcess[str]:
    return kubectl("create", "--dry-run=server", "-o", "json", "-f", "-", stdin=json.dumps(body))


@pytest.mark.parametrize("path", SAMPLES, ids=[path.stem for path in SAMPLES])
def test_samples_are_taken_without_a_warning_and_read_back(kubectl: Kubectl, path: Path) -> None:
    answer = kubectl("create", "--dry-run=server", "-o", "json", "-f", str(path))
    assert (answer.returncode, answer.stderr) == (0, "")
    parse(json.loads(answer.stdout)["spec"])


NIGHT = {"name": "night", "start": "0 22 * * *", "durationSeconds": 3600}
BAD = {
    "max below min": (
        {"scaling.minReplicas": 5, "scaling.maxReplicas": 3},
        "spec.scaling.maxReplicas: Invalid value: maxReplicas 3 is less than minReplicas 5; it must be",
    ),
    "max below the default min": (
        {"scaling.maxReplicas": 1},
        "spec.scaling.maxReplicas: Invalid value: maxReplicas 1 is less than minReplicas 2; it must be",
    ),
    "negative target": (
        {"scaling.targetConnectionsPerReplica": -5},
        (
            "spec.scaling.targetConnectionsPerReplica: Invalid value: -5: "
            "spec.scaling.targetConnectionsPerReplica in body should be greater than or equal to 1"
        ),
    ),
    "target above capacity": (
        {"scaling.targetConnectionsPerReplica": 5000},
        "targetConnectionsPerReplica 5000 is more than maxConnectionsPerReplica 3000, above which a replica refuses",
    ),
    "unknown field": ({"scaling.replicaz": 3}, 'unknown field "spec.scaling.replicaz"'),
    "a field of a later version": ({"rollout": {"steps": []}}, 'unknown field "spec.rollout"'),
    "host network": (
        {"server.podTemplate.spec.hostNetwork": True},
        'unknown field "spec.server.podTemplate.spec.hostNetwork"',
    ),
    "bad quantity": (
        {"server.resources.requests.cpu": "12 bananas"},
        (
            "spec.server.resources.requests.cpu: Invalid value: cpu 12 bananas is not a quantity; "
            "give a number with an optional unit, such as 500m, 2 or 128Mi"
        ),
    ),
    "negative quantity": ({"server.resources.requests.memory": -1}, "memory -1 is not a quantity"),
    "request above limit": (
        {"server.resources.requests.memory": "2Gi", "server.resources.limits.memory": "1Gi"},
        "spec.server.resources.requests: Invalid value: requests.memory must be at most limits.memory",
    ),
    "buffer above the whole": (
        {"scaling.bufferSize": "100%"},
        "bufferSize 100% is not valid; use a number of connections from 0 to 10000000, or 0% to 99%",
    ),
    "negative buffer": ({"scaling.bufferSize": -4}, "bufferSize -4 is not valid"),
    "tolerance above one": (
        {"scaling.behavior.scaleUp.tolerance": 7},
        "tolerance 7 is not valid; use a fraction from 0 to 1, such as 0.1 or 50m",
    ),
    "tolerance in words": ({"scaling.behavior.scaleUp.tolerance": "much"}, "tolerance much is not valid"),
    "unknown mode": (
        {"scaling.mode": "Auto"},
        'spec.scaling.mode: Unsupported value: "Auto": supported values: "Connections", "External"',
    ),
    "KEDA's fallback that takes away": (
        {"scaling.fallback.behavior": "currentReplicasIfLower"},
        'supported values: "currentReplicas", "currentReplicasIfHigher"',
    ),
    "closed without a schedule": (
        {"scaling.minReplicas": 0},
        "spec.scaling.minReplicas in body should be greater than or equal to 1",
    ),
    "deadline beyond the load balancer's": (
        {"drain.deadlineSeconds": 4000},
        "spec.drain.deadlineSeconds in body should be less than or equal to 3300",
    ),
    "window beyond the deadline": (
        {"drain.deadlineSeconds": 10},
        "reconnectWindowSeconds 30 is more than deadlineSeconds 10; players must be asked to move before the deadline",
    ),
    "a variable of the operator's": (
        {"server.env": [{"name": "CHESS_LISTEN", "value": "x"}]},
        "spec.server.env[0].name: Invalid value: name CHESS_LISTEN is reserved",
    ),
    "two sources of a value": (
        {
            "server.env": [
                {"name": "A", "value": "x", "valueFrom": {"secretKeyRef": {"name": "a", "key": "b"}}}
            ]
        },
        "give either value or valueFrom, not both",
    ),
    "a label of the operator's": (
        {"server.podTemplate.metadata.labels": {"app.kubernetes.io/name": "x"}},
        "argocd.argoproj.io/, controller.kubernetes.io/ are reserved; choose a prefix of your own",
    ),
    "budget in words": (
        {"podDisruptionBudget.maxUnavailable": "some"},
        "maxUnavailable some is not valid; use a number of pods from 0 to 1000, or 0% to 100%",
    ),
    "schedule without effect": (
        {"scaling.schedules": [NIGHT]},
        "spec.scaling.schedules[0]: Invalid value: a schedule changes nothing without minReplicas or maxReplicas",
    ),
    "schedule beyond max": (
        {"scaling.schedules": [{**NIGHT, "minReplicas": 40}]},
        "spec.scaling.schedules: Invalid value: a schedule would leave maxReplicas below minReplicas",
    ),
    "schedule upside down": (
        {"scaling.schedules": [{**NIGHT, "minReplicas": 4, "maxReplicas": 3}]},
        "maxReplicas 3 is less than minReplicas 4; it must be",
    ),
    "no image": ({"server": {}}, "spec.server.image: Required value"),
    "no key": ({"redis.urlSecretRef": {"name": "x"}}, "spec.redis.urlSecretRef.key: Required value"),
}


@pytest.mark.parametrize("changes, message", BAD.values(), ids=BAD)
def test_bad_input_is_refused_in_words(
    kubectl: Kubectl, smallest: Body, changes: dict[str, Any], message: str
) -> None:
    body = changed(smallest, changes)
    answer = dry_run(kubectl, body)
    assert answer.returncode != 0
    assert message in answer.stderr
    with pytest.raises(SpecError):
        parse(body["spec"])


GOOD: dict[str, dict[str, Any]] = {
    "integers as quantities": {"server.resources": {"requests": {"cpu": 1}, "limits": {"cpu": "2000m"}}},
    "fractions": {"server.resources.requests": {"cpu": "0.25", "memory": "1.5Gi"}},
    "a buffer of connections": {"scaling.bufferSize": 0},
    "tolerance as HPA writes it": {"scaling.behavior.scaleDown.tolerance": "0.05"},
    "no tolerance": {"scaling.behavior.scaleDown.tolerance": 0},
    "evictions of everything": {"podDisruptionBudget.maxUnavailable": "100%"},
    "external": {"scaling.mode": "External", "replicas": 0},
    "a closed night": {"scaling.schedules": [{**NIGHT, "minReplicas": 0, "maxReplicas": 3}]},
    "a setting of the server's": {"server.env": [{"name": "CHESS_TRUSTED_HOPS", "value": "2"}]},
    "null for not given": {"replicas": None},
}


@pytest.mark.parametrize("changes", GOOD.values(), ids=GOOD)
def test_good_input_is_taken_by_both_checkers(
    kubectl: Kubectl, smallest: Body, changes: dict[str, Any]
) -> None:
    answer = dry_run(kubectl, changed(smallest, changes))
    assert (answer.returncode, answer.stderr) == (0, "")
    parse(json.loads(answer.stdout)["spec"])


def test_a_long_name_is_refused(kubectl: Kubectl, smallest: Body) -> None:
    smallest["metadata"]["name"] = "n" * 51
    assert "use at most 50 characters without dots" in dry_run(kubectl, smallest).stderr


def test_defaults_are_filled_in_as_the_model_has_them(kubectl: Kubectl, smallest: Body) -> None:
    stored = json.loads(dry_run(kubectl, smallest).stdout)["spec"]
    assert parse(stored) == parse(smallest["spec"])
    assert stored["scaling"]["bufferSize"] == "10%"
    assert stored["drain"] == {"deadlineSeconds": 1800, "reconnectWindowSeconds": 30}


@pytest.fixture
def stored(kubectl: Kubectl, smallest: Body) -> Any:
    smallest["metadata"]["name"] = "stored"
    created = kubectl("create", "-f", "-", stdin=json.dumps(smallest))
    assert created.returncode == 0, created.stderr
    yield kubectl
    kubectl("delete", "chess", "stored")


STATUS = {
    "observedGeneration": 1,
    "phase": "Running",
    "replicas": 4,
    "readyReplicas": 3,
    "desiredReplicas": 2,
    "drainingReplicas": 1,
    "connections": 12345,
    "weight": "blue=100",
    "selector": "chesscluster.dev/cluster=stored",
    "rollout": {"stable": "blue", "weights": {"blue": 100}},
    "conditions": [
        {
            "type": "Ready",
            "status": "True",
            "reason": "AllGood",
            "message": "",
            "lastTransitionTime": "2026-01-01T00:00:00Z",
        }
    ],
}


def test_columns_show_the_status(stored: Kubectl) -> None:
    patched = stored(
        "patch",
        "chess",
        "stored",
        "--subresource=status",
        "--type=merge",
        "-p",
        json.dumps({"status": STATUS}),
    )
    assert patched.returncode == 0, patched.stderr
    head, row = stored("get", "chess", "stored").stdout.splitlines()
    assert head.split() == ["NAME", "DESIRED", "READY", "DRAINING", "CONNECTIONS", "WEIGHT", "PHASE", "AGE"]
    assert row.split()[:7] == ["stored", "2", "3", "1", "12345", "blue=100", "Running"]


def test_conditions_merge_by_type(stored: Kubectl) -> None:
    for manager, kind in (("one", "Ready"), ("two", "Paused")):
        condition = {**STATUS["conditions"][0], "type": kind}  # type: ignore[index]  # STATUS is a literal
        body = {
            "apiVersion": "chesscluster.dev/v1alpha1",
            "kind": "ChessCluster",
            "metadata": {"name": "stored"},
            "status": {"conditions": [condition]},
        }
        applied = stored(
            "apply",
            "--server-side",
            "--subresource=status",
            f"--field-manager={manager}",
            "-f",
            "-",
            stdin=json.dumps(body),
        )
        assert applied.returncode == 0, applied.stderr
    types = stored("get", "chess", "stored", "-o", "jsonpath={.status.conditions[*].type}").stdout
    assert sorted(types.split()) == ["Paused", "Ready"]


def test_the_scale_subresource_reads_and_writes(stored: Kubectl) -> None:
    scaled = stored("scale", "chess", "stored", "--replicas=5")
    assert scaled.returncode == 0, scaled.stderr
    scale = json.loads(stored("get", "chess", "stored", "--subresource=scale", "-o", "json").stdout)
    assert (scale["kind"], scale["spec"]["replicas"]) == ("Scale", 5)


def test_explain_knows_the_fields(kubectl: Kubectl) -> None:
    def explained() -> str:
        return kubectl("explain", "chess.spec.scaling").stdout

    wait_until(lambda: "bufferSize" in explained(), explained)
    assert "wanted = ceil((connections + buffer) / target)" in explained()
