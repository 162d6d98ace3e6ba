"""What Helm makes of the charts: for every combination of values, and what it refuses."""

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from chart_values import flags
from program import Program

pytestmark = [pytest.mark.gitops]
ROOT = Path(__file__).resolve().parents[2]
ENVIRONMENTS = ROOT / "charts/chess-cluster/environments"
CHECKOV = ROOT / ".venv-checkov/bin/checkov"

OPERATOR = {
    "defaults": [],
    "namespaced": ["rbac.scope=namespaced", "rbac.namespaces={chess,arena}"],
    "secrets of one namespace": ["rbac.secretNamespaces={chess}"],
    "monitoring": [f"monitoring.{one}.enabled=true" for one in ("serviceMonitor", "prometheusRule", "dashboard")],
    "crd by others": ["crds.enabled=false"],
    "an image by its parts": ["image.repository=registry.example:5000/chess/operator", "image.tag=1.2.3"],
    "an image by its digest": ["image.repository=chess", f"image.digest=sha256:{'0' * 64}"],
    "as others' charts": ["topologySpreadConstraints[0].maxSkew=1", "topologySpreadConstraints[0].topologyKey=zone",
                          "topologySpreadConstraints[0].whenUnsatisfiable=ScheduleAnyway",
                          "updateStrategy.type=Recreate", "additionalArgs={--log-level=debug}",
                          "extraVolumes[0].name=x",
                          "extraVolumes[0].emptyDir.sizeLimit=1Mi", "extraVolumeMounts[0].name=x",
                          "extraVolumeMounts[0].mountPath=/x", "rbac.aggregateClusterRoles=false"],
    "relabelings": ["monitoring.serviceMonitor.enabled=true",
                    "monitoring.serviceMonitor.relabelings[0].action=labelmap",
                    "monitoring.serviceMonitor.relabelings[0].regex=a", "networkPolicy.enabled=false",
                    "monitoring.serviceMonitor.metricRelabelings[0].action=drop",
                    "monitoring.serviceMonitor.metricRelabelings[0].regex=b"],
    "another name": ["fullnameOverride=other", "monitoring.serviceMonitor.enabled=true",
                     "rbac.secretNamespaces={chess}"],
    "bare": ["podDisruptionBudget.enabled=false", "networkPolicy.enabled=false", "replicas=1", "crds.keep=false"],
    "placed": ["nodeSelector.pool=system", "priorityClassName=x", "image.pullSecrets[0].name=registry",
               "tolerations[0].operator=Exists", "podLabels.team=games", "podAnnotations.a=b", "commonLabels.c=d",
               "env[0].name=CHESS_OPERATOR_LOG_LEVEL", "env[0].value=debug", "allowedServiceAccounts={games}"],
}  # fmt: skip
CLUSTER = {
    "defaults": [],
    "gateway": ["gateway.enabled=true", "gateway.parentRefs[0].name=public", "gateway.hostnames={play.example.com}"],
    "ingress": ["ingress.enabled=true", "ingress.host=play.example.com", "ingress.annotations.a=b"],
    "target groups": ["targetGroupBinding.enabled=true", "targetGroupBinding.blueArn=arn:a",
                      "targetGroupBinding.greenArn=arn:b", "targetGroupBinding.loadBalancerSecurityGroup=sg-1"],
    "node port": ["entry.enabled=true", "entry.type=NodePort", "entry.nodePort=30123"],
    "trial": ["trial.redis.enabled=true", "trial.postgres.enabled=true", "entry.enabled=true"],
    "certificates": ["secrets.redis.caKey=ca.crt", "secrets.database.caKey=ca.crt", "migrations.hook=false"],
    "monitoring": ["monitoring.namespace=monitoring"],
    "delivered by Argo CD": ["migrations.hook=false", "removal.hook=false"],
    "certificates from elsewhere": [
        "externalSecrets.enabled=true", "externalSecrets.redis.remoteKey=r", "externalSecrets.redis.endpoint=r:6379",
        "externalSecrets.redis.caRemoteKey=authorities", "externalSecrets.redis.caProperty=redis",
        "externalSecrets.database.remoteKey=d", "externalSecrets.database.endpoint=d:5432",
        "externalSecrets.database.ca=-----BEGIN CERTIFICATE-----", "secrets.database.caKey=root.pem"],
    "an image by its digest": ["image.repository=chess", f"image.digest=sha256:{'0' * 64}"],
    "placed": ["spec.server.podTemplate.spec.nodeSelector.kubernetes\\.io/arch=arm64",
               "spec.server.podTemplate.spec.tolerations[0].key=games", "trial.redis.enabled=true"],
    "pull secrets": ["spec.server.podTemplate.spec.imagePullSecrets[0].name=registry", "migrations.enabled=false"],
}  # fmt: skip


def _cases() -> Iterator[Any]:
    for chart, matrix in (("chess-operator", OPERATOR), ("chess-cluster", CLUSTER)):
        for name, settings in matrix.items():
            yield pytest.param(chart, flags(*settings), id=f"{chart}: {name}")
    for path in sorted(ENVIRONMENTS.glob("*.yaml")):
        if (
            "." not in path.stem
        ):  # dev.yaml is values; dev.aws.yaml goes with it, dev.outputs.yaml is its source
            aws = path.with_suffix(".aws.yaml")
            files = [f"--values={one}" for one in (path, aws) if one.exists()]
            yield pytest.param("chess-cluster", files, id=f"chess-cluster: {path.stem}")


@pytest.mark.parametrize("chart, given", list(_cases()))
def test_the_api_server_takes_what_the_chart_makes(
    helm: Program, api: Program, chart: str, given: list[str]
) -> None:
    helm("lint", f"charts/{chart}", "--strict", *given)
    namespace = "chess-system" if chart == "chess-operator" else "chess"
    made = helm("template", "chess", f"charts/{chart}", "--namespace", namespace, *given)
    answer = api("apply", "--server-side", "--force-conflicts", "--dry-run=server", "-f", "-", given=made.out)
    assert answer.out.count("(server dry run)") == len(made.documents)
    assert "Warning: would violate" not in answer.err


def _operator(case: str) -> list[str]:
    return flags(*OPERATOR[case])


def test_what_breaks_restricted_pod_security_would_be_noticed(api: Program) -> None:
    """So that the absence of that warning above says something."""
    answer = api("create", "deployment", "loose", "--image=x", "-n", "arena", "--dry-run=server")
    assert "Warning: would violate" in answer.err


def test_the_operator_chart_with_defaults_is_the_generated_operator(
    helm: Program, kustomize: Program
) -> None:
    """Users of Helm and of kustomize run the same operator."""
    chart = helm("template", "chess-operator", "charts/chess-operator", "-n", "chess-system", "--skip-tests",
                 "--set", "image.repository=chesscluster,image.tag=dev").documents  # fmt: skip
    base = [
        *kustomize("build", "manifests/operator").documents,
        *kustomize("build", "manifests/crd").documents,
    ]
    made = {_key(one): _bare(one) for one in chart}
    assert made == {_key(one): _bare(one) for one in base if one["kind"] != "Namespace"}


def _key(document: dict[str, Any]) -> tuple[str, str]:
    return document["kind"], document["metadata"]["name"]


def _bare(document: dict[str, Any]) -> dict[str, Any]:
    """Everything but labels and annotations of the object itself, where the packaging leaves its marks."""
    metadata = {key: one for key, one in document["metadata"].items() if key not in ("labels", "annotations")}
    return {**document, "metadata": metadata}


def test_the_namespace_of_prometheus_is_let_in_once(helm: Program) -> None:
    here = {"namespaceLabels": {"kubernetes.io/metadata.name": "monitoring"}}
    label = "kubernetes\\.io/metadata\\.name"
    own = f"spec.networkPolicy.adminFrom[0].namespaceLabels.{label}="
    other = {"namespaceLabels": {"kubernetes.io/metadata.name": "other"}}
    cases: dict[str, list[Any]] = {"": [here], f"{own}monitoring": [here], f"{own}other": [other, here]}
    for setting, expected in cases.items():
        settings = [*CLUSTER["monitoring"], *([setting] if setting else [])]
        made = helm("template", "x", "charts/chess-cluster", *flags(*settings)).documents
        [cluster] = [one for one in made if one["kind"] == "ChessCluster"]
        assert cluster["spec"]["networkPolicy"]["adminFrom"] == expected


def test_everything_that_removes_the_game_is_a_hook_before(helm: Program) -> None:
    """Helm deletes what is no hook only after those: what the hook needs, and the way in, are there while it runs."""
    made = helm("template", "x", "charts/chess-cluster", "--skip-tests", *flags()).documents
    removing = [one for one in made if one["metadata"]["name"] == "x-remove"]
    assert {one["kind"] for one in removing} == {
        "ServiceAccount",
        "NetworkPolicy",
        "Role",
        "RoleBinding",
        "Job",
    }
    hooks = [one["metadata"]["annotations"] for one in removing]
    assert {one["helm.sh/hook"] for one in hooks} == {"pre-delete"}
    weights = {one["kind"]: int(one["metadata"]["annotations"]["helm.sh/hook-weight"]) for one in removing}
    assert max(weights, key=lambda kind: weights[kind]) == "Job"
    [rights] = [one["rules"] for one in removing if one["kind"] == "Role"]
    assert rights == [
        {"apiGroups": ["chesscluster.dev"], "resources": ["chessclusters"], "resourceNames": ["x"],
         "verbs": ["get", "delete"]}
    ]  # fmt: skip


def test_namespaced_rights_reach_no_further_than_the_namespaces(helm: Program) -> None:
    made = helm("template", "chess-operator", "charts/chess-operator", *_operator("namespaced")).documents
    kinds = {one["kind"] for one in made}
    assert not kinds & {"ClusterRole", "ClusterRoleBinding"}
    roles = {one["metadata"].get("namespace") for one in made if _key(one) == ("Role", "chess-operator")}
    assert roles == {"chess", "arena"}


def test_secrets_are_read_only_where_the_values_allow(helm: Program) -> None:
    made = helm("template", "x", "charts/chess-operator", *_operator("secrets of one namespace")).documents
    readers = [one for one in made for rule in one.get("rules", []) if "secrets" in rule["resources"]]
    assert [(one["kind"], one["metadata"]["namespace"]) for one in readers] == [("Role", "chess")]


def test_what_others_charts_offer_reaches_the_operator_s_pods(helm: Program) -> None:
    given = _operator("as others' charts")
    made = helm("template", "chess-operator", "charts/chess-operator", *given).documents
    [spec] = [one["spec"] for one in made if one["kind"] == "Deployment"]
    pod, selector = spec["template"]["spec"], spec["selector"]
    [spread] = pod["topologySpreadConstraints"]
    assert (spread["topologyKey"], spread["labelSelector"]) == ("zone", selector)
    assert spec["strategy"] == {"type": "Recreate"}
    assert pod["containers"][0]["args"][-1] == "--log-level=debug"
    assert pod["volumes"][0]["name"] == pod["containers"][0]["volumeMounts"][0]["name"] == "x"
    assert not {one["metadata"]["name"] for one in made} & {"chess-operator-view", "chess-operator-edit"}


def test_an_operator_of_namespaces_leads_by_a_lease_that_it_may_write(helm: Program) -> None:
    given = _operator("namespaced")
    made = helm("template", "games", "charts/chess-operator", *given).documents
    [deployment] = [one for one in made if one["kind"] == "Deployment"]
    args = deployment["spec"]["template"]["spec"]["containers"][0]["args"]
    [lease] = [one for one in made if _key(one) == ("Role", "games-chess-operator-lease")]
    names = [name for rule in lease["rules"] for name in rule.get("resourceNames", [])]
    assert [f"--lease-name={name}" for name in names] == [one for one in args if "lease-name" in one]


def test_nothing_of_a_chart_is_called_instance(helm: Program) -> None:
    """`app.kubernetes.io/instance` is Argo CD's under label tracking: a chart that sets it fights it."""
    for chart in ("chess-operator", "chess-cluster"):
        assert "app.kubernetes.io/instance" not in helm("template", "x", f"charts/{chart}", *flags()).out


@pytest.mark.parametrize("clustered, end", [("true", ":6379/0?cluster=true"), ("false", ":6379/0")])
def test_a_redis_cluster_is_named_as_one(helm: Program, clustered: str, end: str) -> None:
    settings = [f"externalSecrets.redis.clusterMode={clustered}", "externalSecrets.redis.endpoint=cache:6379"]
    staging = [f"--values={ENVIRONMENTS / name}" for name in ("staging.yaml", "staging.aws.yaml")]
    made = helm("template", "x", "charts/chess-cluster", *staging, *flags(*settings)).documents
    urls = [one["spec"]["target"]["template"]["data"] for one in made if one["kind"] == "ExternalSecret"]
    assert next(url for data in urls for url in data.values() if url.startswith("rediss:")).endswith(
        f"cache{end}"
    )


def test_no_password_is_in_the_charts_output(helm: Program) -> None:
    """A trial makes its own; everything else names Secrets."""
    made = helm("template", "x", "charts/chess-cluster", "--values", ENVIRONMENTS / "prod.yaml", "--values",
                ENVIRONMENTS / "prod.aws.yaml").documents  # fmt: skip
    assert "Secret" not in {one["kind"] for one in made}


SKIPPED = {
    "CKV_K8S_11": "no CPU limit: throttling would delay moves; requests share the CPU fairly",
    "CKV_K8S_15": "Always would ask the registry for an immutable tag at every start",
    "CKV_K8S_43": "the digest is a value; defaults and examples have none to name",
    "CKV_K8S_38": "the operator talks to the API server; game servers get no token",
}


def test_checkov_finds_nothing_but_what_we_stand_by(helm: Program, tmp_path: Path) -> None:
    assert CHECKOV.exists(), "`make aws-tools` installs checkov"
    full = [*CLUSTER["trial"], *CLUSTER["gateway"], *CLUSTER["target groups"], "ingress.enabled=true"]
    for chart, settings in (("chess-operator", OPERATOR["monitoring"]), ("chess-cluster", full)):
        made = helm("template", "x", f"charts/{chart}", "-n", "chess", "--skip-tests", *flags(*settings))
        (tmp_path / f"{chart}.yaml").write_text(made.out)
    argv = [CHECKOV, "--directory", tmp_path, "--framework", "kubernetes", "--compact", "--quiet",
            "--skip-check", ",".join(SKIPPED)]  # fmt: skip
    done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=240)
    assert done.returncode == 0, done.stdout
