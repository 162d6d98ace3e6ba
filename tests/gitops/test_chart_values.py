"""Values that cannot be used are refused, and by their names; all others are rendered as what they are."""

import pytest
import yaml
from chart_values import flags
from program import Program

pytestmark = [pytest.mark.gitops]
CERTIFICATE = "-----BEGIN CERTIFICATE-----"
EXTERNAL = "externalSecrets.enabled=true"
TRUSTING = "externalSecrets.database.sslmode=require"

CLUSTER = {
    "an unknown value": (["gatway.enabled=true"], "gatway"),
    "an unknown field of the spec": (["spec.scaling.maxReplica=3"], "maxReplica"),
    "a wrong type": (["spec.scaling.maxReplicas=many"], "maxReplicas"),
    "a number out of bounds": (["spec.drain.deadlineSeconds=5000"], "deadlineSeconds"),
    "no image": (["image.repository="], "image.repository is needed"),
    "a tag in the repository's place": (["image.repository=Registry/Chess"], "/image/repository"),
    "a number for a name": (["nameOverride=123"], "/nameOverride"),
    "a name that begins with a digit": (["fullnameOverride=1st"], "/fullnameOverride"),
    "a name that is too long": ([f"nameOverride={'n' * 51}"], "/nameOverride"),
    "true for a name": (["secrets.redis.name=true"], "/secrets/redis/name"),
    "a number for a label": (["commonLabels.team=7"], "/commonLabels/team"),
    "a label with a space": (["commonLabels.team=a b"], "/commonLabels/team"),
    "null for a group": (["ingress=null"], "ingress"),
    "null for a default": (["gateway.path=null"], "path"),
    "a path without a slash": (["gateway.path=play"], "/gateway/path"),
    "a port that is none": (["entry.port=70000"], "/entry/port"),
    "a node port of a ClusterIP": (["entry.enabled=true", "entry.nodePort=30123"], "entry.type=NodePort"),
    "a Gateway without a parent": (["gateway.enabled=true"], "gateway.parentRefs is needed"),
    "target groups without ARN": (["targetGroupBinding.enabled=true"], "blueArn is needed"),
    "external secrets without key": (
        [EXTERNAL, TRUSTING, "externalSecrets.redis.endpoint=r:1"], "remoteKey is needed"),
    "a database known by nothing": ([EXTERNAL], "externalSecrets.database.caRemoteKey is needed"),
    "a CA key that nothing makes": ([EXTERNAL, TRUSTING, "secrets.redis.caKey=ca.crt"], "redis.caRemoteKey is needed"),
    "a CA twice": (
        [EXTERNAL, TRUSTING, f"externalSecrets.redis.ca={CERTIFICATE}", "externalSecrets.redis.caRemoteKey=x"],
        "both set"),
    "a CA that is no certificate": (["externalSecrets.redis.ca=secret"], "/externalSecrets/redis/ca"),
    "one key for URL and CA": (["secrets.redis.key=a", "secrets.redis.caKey=a"], "secrets.redis.caKey"),
    "a trial with a CA": (["trial.redis.enabled=true", "secrets.redis.caKey=ca.crt"], "speaks no TLS"),
    "a trial's key for its own": (["trial.redis.enabled=true", "secrets.redis.key=password"], "choose another"),
    "a trial beside external secrets": (["trial.redis.enabled=true", EXTERNAL], "the same Secrets"),
    "one Secret for two stores": (
        ["trial.redis.enabled=true", "trial.postgres.enabled=true", "secrets.redis.name=a", "secrets.database.name=a"],
        "name them apart"),
}  # fmt: skip
OPERATOR = {
    "no image": (["image.repository="], "image.repository is needed"),
    "a wrong scope": (["rbac.scope=galaxy"], "scope"),
    "null for a group": (["rbac=null"], "rbac"),
    "a number for a label": (["podLabels.team=7"], "/podLabels/team"),
    "a scope without namespaces": (["rbac.scope=namespaced"], "rbac.namespaces is needed"),
    "Secrets' namespaces with scope namespaced": (
        ["rbac.scope=namespaced", "rbac.namespaces={a}", "rbac.secretNamespaces={a}"], "rbac.secretNamespaces is for"),
    "namespaces with scope cluster": (["rbac.namespaces={a}"], "rbac.namespaces is for"),
    "a namespace that is none": (["rbac.scope=namespaced", "rbac.namespaces={A_b}"], "/rbac/namespaces/0"),
    "a variable twice": (["env[0].name=A", "env[1].name=A"], 'env: "A" is there twice'),
    "the operator's own variable": (["env[0].name=POD_NAME"], "the operator's own"),
    "a mount of nothing": (["extraVolumeMounts[0].name=a", "extraVolumeMounts[0].mountPath=/a"], "in extraVolumes"),
    "an argument that is none": (["additionalArgs={run}"], "/additionalArgs/0"),
}  # fmt: skip
REFUSED = {
    f"{chart}: {name}": (chart, *case)
    for chart, cases in (("chess-cluster", CLUSTER), ("chess-operator", OPERATOR))
    for name, case in cases.items()
}


@pytest.mark.parametrize("chart, settings, words", list(REFUSED.values()), ids=list(REFUSED))
def test_helm_refuses_and_names(helm: Program, chart: str, settings: list[str], words: str) -> None:
    answer = helm("template", "chess", f"charts/{chart}", *flags(*settings), good=False)
    assert answer.code != 0
    assert words in answer.err
    assert "nil pointer" not in answer.err


@pytest.mark.parametrize("chart", ["chess-cluster", "chess-operator"])
def test_a_release_called_by_a_digit_is_refused_with_a_way_out(helm: Program, chart: str) -> None:
    answer = helm("template", "123", f"charts/{chart}", *flags(), good=False)
    assert "must begin with a letter" in answer.err
    named = [*flags(), "--set", "fullnameOverride=chess"]
    assert helm("template", "123", f"charts/{chart}", *named).documents


EVERYTHING = [
    "trial.redis.enabled=true", "trial.postgres.enabled=true", "entry.enabled=true", "ingress.enabled=true",
    "gateway.enabled=true", "gateway.parentRefs[0].name=public",
]  # fmt: skip
NAMES = {
    "47 characters": "n" * 47,
    "53 characters": "n" * 53,
    "dots": "a.b.c",
    "on": "on",
    "a number in exponents": "e1",
    "null": "null",
}


@pytest.mark.parametrize("release", NAMES.values(), ids=NAMES)
@pytest.mark.parametrize("chart, settings", [("chess-cluster", EVERYTHING), ("chess-operator", [])])
def test_every_name_that_a_release_can_have_is_one_for_the_api_server(
    helm: Program, api: Program, release: str, chart: str, settings: list[str]
) -> None:
    made = helm("template", release, f"charts/{chart}", "-n", "arena", *flags(*settings))
    answer = api("apply", "--server-side", "--dry-run=server", "-f", "-", given=made.out)
    assert answer.out.count("(server dry run)") == len(made.documents)
    names = [(one["kind"], one["metadata"]["name"]) for one in made.documents]
    assert len(names) == len(set(names))


def test_two_long_names_that_are_cut_stay_two(helm: Program) -> None:
    jobs = set()
    for end in ("a", "b"):
        made = helm("template", "n" * 49 + end, "charts/chess-cluster", *flags()).documents
        jobs |= {one["metadata"]["name"] for one in made if one["kind"] == "Job"}
    assert len(jobs) == 4, "each migrates, and is removed, by itself"


def test_texts_that_yaml_reads_as_something_else_stay_texts(helm: Program) -> None:
    texts = "commonLabels.a=123,commonLabels.b=on,annotations.c=null,secrets.redis.name=0x1f,secrets.redis.key=1e3"
    given = [*flags("ingress.enabled=true"), "--set-string", f"{texts},ingress.className=yes"]
    made = helm("template", "chess", "charts/chess-cluster", *given).documents
    [cluster] = [one for one in made if one["kind"] == "ChessCluster"]
    [ingress] = [one for one in made if one["kind"] == "Ingress"]
    assert cluster["metadata"]["labels"].items() >= {"a": "123", "b": "on"}.items()
    assert cluster["metadata"]["annotations"]["c"] == "null"
    assert cluster["spec"]["redis"]["urlSecretRef"] == {"name": "0x1f", "key": "1e3"}
    assert ingress["spec"]["ingressClassName"] == "yes"


def test_own_labels_are_not_for_the_values_to_change(helm: Program) -> None:
    given = flags(r"commonLabels.app\.kubernetes\.io/name=x")
    made = helm("template", "chess", "charts/chess-cluster", *given).documents
    assert {one["metadata"]["labels"].get("app.kubernetes.io/name") for one in made} == {
        "chess-cluster",
        "chess-test",
    }


def test_a_wave_for_argo_cd_in_the_values_takes_the_place_of_the_charts(helm: Program) -> None:
    wave = r"annotations.argocd\.argoproj\.io/sync-wave"
    asked = [f"{group}{wave}" for group in ("", "entry.", "ingress.")]
    sets = [part for one in asked for part in ("--set-string", f"{one}=7")]
    made = helm("template", "chess", "charts/chess-cluster", *flags("ingress.enabled=true"), *sets).documents
    waves = {
        one["kind"]: one["metadata"].get("annotations", {}).get("argocd.argoproj.io/sync-wave")
        for one in made
    }
    assert waves.items() >= dict.fromkeys(["ChessCluster", "Service", "Ingress"], "7").items()


def test_each_release_watches_the_servers_that_its_operator_makes(helm: Program) -> None:
    watching = ["monitoring.serviceMonitor.enabled=true"]
    namespaced = [*watching, "rbac.scope=namespaced", "rbac.namespaces={arena,court}"]
    monitors = {}
    for release, settings in (("chess", watching), ("second", namespaced)):
        made = helm("template", release, "charts/chess-operator", "-n", "ops", *flags(*settings)).documents
        [monitor] = [one for one in made if one["kind"] == "PodMonitor"]
        monitors[monitor["metadata"]["name"]] = monitor["spec"]["namespaceSelector"]
    assert list(monitors.values()) == [{"any": True}, {"matchNames": ["arena", "court"]}]


def test_an_umbrella_chart_takes_one_of_them_by_a_condition(
    helm: Program, tmp_path_factory: pytest.TempPathFactory
) -> None:
    umbrella = tmp_path_factory.mktemp("umbrella")
    charts = {name: f"file://{_chart(name)}" for name in ("chess-cluster", "chess-operator")}
    dependencies = [
        {"name": name, "version": "*", "repository": where, "condition": f"{name}.enabled"}
        for name, where in charts.items()
    ]
    about = {"apiVersion": "v2", "name": "umbrella", "version": "1.0.0", "dependencies": dependencies}
    (umbrella / "Chart.yaml").write_text(yaml.safe_dump(about))
    helm("dependency", "update", umbrella)
    values = {
        "chess-cluster": {"enabled": True, "image": {"repository": "chess"}},
        "chess-operator": {"enabled": False},
        "global": {"imageRegistry": "x"},
    }
    (umbrella / "values.yaml").write_text(yaml.safe_dump(values))
    made = helm("template", "chess", umbrella).documents
    assert "ChessCluster" in {one["kind"] for one in made}
    assert "Deployment" not in {one["kind"] for one in made}
    both = helm(
        "template",
        "chess",
        umbrella,
        "--set",
        "chess-operator.enabled=true,chess-operator.image.repository=x",
    )
    assert {"ChessCluster", "Deployment"} <= {one["kind"] for one in both.documents}


def _chart(name: str) -> str:
    return f"{__file__.partition('/tests/')[0]}/charts/{name}"
