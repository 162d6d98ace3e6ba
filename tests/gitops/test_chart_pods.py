"""Pods of the charts: where they run, whom they trust, on which addresses they listen."""

import contextlib
import socket
import subprocess
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import yaml
from chart_values import flags
from polling import wait_until
from program import Program

from chess_localcluster.machine import ports

pytestmark = [pytest.mark.gitops]
ROOT = Path(__file__).resolve().parents[2]
ENVIRONMENTS = ROOT / "charts/chess-cluster/environments"
TRIAL = ("trial.redis.enabled=true", "trial.postgres.enabled=true")


def _pods(documents: list[dict[str, Any]]) -> Iterator[tuple[str, dict[str, Any]]]:
    for one in documents:
        if one["kind"] == "Pod":
            yield one["metadata"]["name"], one["spec"]
        elif one["kind"] in ("Deployment", "Job"):
            yield one["metadata"]["name"], one["spec"]["template"]["spec"]


def test_every_pod_of_the_game_runs_where_its_servers_do(helm: Program) -> None:
    placed = {
        "nodeSelector": {"kubernetes.io/arch": "arm64"},
        "tolerations": [{"key": "games", "operator": "Exists"}],
        "imagePullSecrets": [{"name": "registry"}],
    }
    server = {"spec": {"server": {"podTemplate": {"spec": placed}}}}
    made = helm(
        "template",
        "chess",
        "charts/chess-cluster",
        *flags(*TRIAL),
        "--values",
        "-",
        given=yaml.safe_dump(server),
    )
    pods = dict(_pods(made.documents))
    assert {name.split("-")[1] for name in pods} == {"migrate", "remove", "trial", "test"}
    for name, spec in pods.items():
        assert {field: spec.get(field) for field in placed} == placed, name


def test_the_operator_s_test_runs_where_the_operator_does(helm: Program) -> None:
    terms = {"nodeSelectorTerms": [{"matchExpressions": [{"key": "a", "operator": "Exists"}]}]}
    node = {"requiredDuringSchedulingIgnoredDuringExecution": terms}
    placed = {"nodeSelector": {"kubernetes.io/arch": "arm64"}, "tolerations": [{"operator": "Exists"}]}
    values = {**placed, "affinity": {"nodeAffinity": node, "podAntiAffinity": {}}}
    made = helm(
        "template",
        "chess-operator",
        "charts/chess-operator",
        *flags(),
        "--values",
        "-",
        given=yaml.safe_dump(values),
    )
    pods = dict(_pods(made.documents))
    assert len(pods) == 2
    for name, spec in pods.items():
        assert {field: spec.get(field) for field in placed} == placed, name
        assert spec["affinity"]["nodeAffinity"] == node
    assert pods["chess-operator-test"]["affinity"].keys() == {"nodeAffinity"}, "it stands beside the operator"


@pytest.mark.parametrize("environment", ["dev", "staging", "prod"])
def test_on_aws_the_database_s_certificate_is_checked_and_the_authority_is_there(environment: str) -> None:
    bodies = [one for one in yaml.safe_load_all(_game(environment)) if one]
    [cluster] = [one for one in bodies if one["kind"] == "ChessCluster"]
    [secret] = [
        one
        for one in bodies
        if one["kind"] == "ExternalSecret" and one["metadata"]["name"] == "chess-database"
    ]
    [job] = [one for one in bodies if one["kind"] == "Job"]
    data, ref = secret["spec"]["target"]["template"]["data"], cluster["spec"]["database"]["caSecretRef"]
    assert data["url"].endswith("?sslmode=verify-full")
    assert data[ref["key"]] == (ENVIRONMENTS / f"{environment}.database-ca.pem").read_text()
    variables = {one["name"] for one in job["spec"]["template"]["spec"]["containers"][0]["env"]}
    assert "CHESS_DATABASE_CA_FILE" in variables


def test_an_authority_kept_elsewhere_is_read_from_there(helm: Program) -> None:
    given = flags(
        "externalSecrets.enabled=true", "externalSecrets.redis.remoteKey=r", "externalSecrets.redis.endpoint=r:6379",
        "externalSecrets.redis.caRemoteKey=authorities", "externalSecrets.redis.caProperty=redis",
        "externalSecrets.database.remoteKey=d", "externalSecrets.database.endpoint=d:5432",
        "externalSecrets.database.sslmode=require", "secrets.redis.caKey=root.pem",
    )  # fmt: skip
    made = helm("template", "chess", "charts/chess-cluster", *given).documents
    secrets = {one["metadata"]["name"]: one["spec"] for one in made if one["kind"] == "ExternalSecret"}
    redis = secrets["chess-redis"]
    assert redis["target"]["template"]["data"]["root.pem"] == "{{ .ca }}"
    assert redis["data"][-1] == {"secretKey": "ca", "remoteRef": {"key": "authorities", "property": "redis"}}
    assert secrets["chess-database"]["target"]["template"]["data"].keys() == {"url"}


def test_a_load_balancer_reaches_pods_and_says_when(kustomize: Program) -> None:
    ingress = yaml.safe_load((ROOT / "manifests/components/ingress/ingress.yaml").read_text())
    assert ingress["metadata"]["annotations"]["alb.ingress.kubernetes.io/target-type"] == "ip"
    for environment in ("staging", "prod"):
        built = kustomize("build", f"manifests/argocd/{environment}").documents
        [labels] = [
            one["metadata"]["labels"]
            for one in built
            if (one["kind"], one["metadata"]["name"]) == ("Namespace", "chess")
        ]
        assert labels["elbv2.k8s.aws/pod-readiness-gate-inject"] == "enabled"


def _game(environment: str) -> str:
    return (ROOT / f"manifests/overlays/{environment}/game/cluster.yaml").read_text()


@pytest.mark.skipif(not socket.has_dualstack_ipv6(), reason="a machine without IPv6")
def test_a_trial_s_redis_is_reached_over_both_families(helm: Program, tmp_path: Path) -> None:
    made = helm("template", "chess", "charts/chess-cluster", *flags(*TRIAL)).documents
    containers = {name: spec["containers"][0] for name, spec in _pods(made)}
    assert containers["chess-trial-postgres"]["args"] == ["-c", "listen_addresses=*"]
    port = ports.free_port()
    (tmp_path / "password").write_text("secret")
    [script] = containers["chess-trial-redis"]["args"]
    script = script.replace("/run/secrets/trial", str(tmp_path)).replace(
        "--dir /data", f"--dir /data --port {port}"
    )
    process = subprocess.Popen(
        ["sh", "-c", script.replace("/data", str(tmp_path))], stdout=subprocess.DEVNULL
    )
    try:
        for address in ("127.0.0.1", "::1"):
            wait_until(partial(_pong, address, port), f"no answer from {address}")
    finally:
        process.terminate()
        process.wait(60)


def _pong(address: str, port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection((address, port), timeout=5) as link:
        link.sendall(b"AUTH secret\r\nPING\r\n")
        with link.makefile("rb") as answers:
            return [answers.readline(), answers.readline()] == [b"+OK\r\n", b"+PONG\r\n"]
    return False


@pytest.mark.parametrize("kind, name", [("Service", "chess")])
def test_the_entry_is_for_both_families_where_the_cluster_has_them(
    helm: Program, kind: str, name: str
) -> None:
    made = helm("template", "chess", "charts/chess-cluster", *flags("entry.enabled=true")).documents
    [entry] = [one for one in made if (one["kind"], one["metadata"]["name"]) == (kind, name)]
    assert entry["spec"]["ipFamilyPolicy"] == "PreferDualStack"
