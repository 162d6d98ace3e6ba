"""Charts and overlays hold copies; these tests say when a copy has drifted. `make manifests` writes them again."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import render
import yaml

from chess_operator import metrics as operator_metrics
from chess_operator.api.model import parse
from chess_server import metrics as server_metrics
from chess_stacks.synth import values as stack_values

ROOT = Path(__file__).resolve().parents[3]
CHARTS = ROOT / "charts"
ENDINGS = {"counter": ("_total",), "gauge": ("",), "histogram": ("_bucket", "_sum", "_count")}
METRIC = re.compile(r"\b(chess_(?:operator|cluster|server)_[a-z0-9_]+)")


def test_the_operator_chart_holds_exactly_the_generated_manifests() -> None:
    held = {path.relative_to(CHARTS / "chess-operator/files") for path in _held("crd") | _held("operator")}
    generated = {path.relative_to(ROOT / "manifests") for path in _generated("crd") | _generated("operator")}
    assert held == generated
    for name in held:
        copy, source = CHARTS / "chess-operator/files" / name, ROOT / "manifests" / name
        assert copy.read_bytes() == source.read_bytes(), f"{copy} differs from {source}: run `make manifests`"


def _held(part: str) -> set[Path]:
    return set((CHARTS / "chess-operator/files" / part).rglob("*.yaml"))


def _generated(part: str) -> set[Path]:
    return set((ROOT / "manifests" / part).rglob("*.yaml"))


@pytest.mark.parametrize("chart", ["chess-operator", "chess-cluster"])
def test_schema_and_page_of_values_are_current(chart: str) -> None:
    directory = CHARTS / chart
    assert json.loads((directory / "values.schema.json").read_text()) == render.schema(ROOT, chart)
    assert (directory / "README.md").read_text() == render.readme(directory)


@pytest.mark.parametrize("chart", ["chess-operator", "chess-cluster"])
def test_every_value_is_described(chart: str) -> None:
    values = CHARTS / chart / "values.yaml"
    told = {path for path, _, _ in render.described(values)}
    assert sorted(set(_leaves("", yaml.safe_load(values.read_text()))) - told) == []


def _leaves(path: str, value: Any) -> Iterator[str]:
    """Yield paths of values; below one that is described as a whole there is nothing more to say."""
    whole = {"migrations.resources", "ingress.annotations", "monitoring.dashboard.labels"}
    if isinstance(value, dict) and value and path not in whole:
        for key, one in value.items():
            yield from _leaves(f"{path}.{key}".lstrip("."), one)
    else:
        yield from () if path == "migrations.resources" else (path,)


@pytest.mark.parametrize("name", ["alerts.yaml", "dashboard.json"])
def test_monitoring_asks_for_metrics_that_exist(name: str) -> None:
    """By the very names that both programs expose: a counter has `_total`, a gauge that counts has not."""
    asked = set(METRIC.findall(_text(name)))
    assert asked
    assert asked - _exposed() == set()


def _exposed() -> set[str]:
    """Every name that Prometheus stores, of metrics with labels too, which have no series before they are used."""
    families = [*operator_metrics.Metrics()._registry.collect(), *server_metrics.Metrics().registry.collect()]
    return {f"{one.name}{ending}" for one in families for ending in ENDINGS[one.type]}


def _text(name: str) -> str:
    return (CHARTS / "chess-operator/files" / name).read_text()


def test_alerts_say_what_is_wrong_and_how_bad() -> None:
    rules = [rule for group in yaml.safe_load(_text("alerts.yaml"))["groups"] for rule in group["rules"]]
    assert all(rule["labels"]["severity"] in {"critical", "warning"} for rule in rules)
    assert all(rule["annotations"].keys() == {"runbook_url", "summary", "description"} for rule in rules)


def test_the_schema_of_spec_refuses_what_the_crd_does_not_know() -> None:
    spec = render.schema(ROOT, "chess-cluster")["properties"]["spec"]
    assert spec["additionalProperties"] is False
    assert spec["properties"]["scaling"]["properties"]["maxReplicas"]["type"] == "integer"
    assert spec["required"] == ["server"]


@pytest.mark.parametrize("environment", ["dev", "staging", "prod"])
def test_what_chess_stacks_writes_becomes_values(environment: str) -> None:
    held = CHARTS / f"chess-cluster/environments/{environment}.outputs.yaml"
    document = yaml.safe_load(held.read_text())
    stack_values.Values.model_validate(document)
    made = render.aws_values(document, "9.9.9", "-----BEGIN CERTIFICATE-----\n")
    assert made["spec"]["server"]["image"] == f"{document['images']['server']}:9.9.9"
    assert made["externalSecrets"]["redis"]["endpoint"].endswith(":6379")
    assert made["externalSecrets"]["database"]["remoteKey"] == document["database"]["secretArn"]
    assert made["externalSecrets"]["database"]["ca"].startswith("-----BEGIN CERTIFICATE-----")
    assert made["targetGroupBinding"]["blueArn"] == document["loadBalancer"]["targetGroups"]["blue"]
    assert render.image(document, "9.9.9")["images"][0]["newName"] == document["images"]["operator"]


def test_an_unknown_version_of_that_document_is_refused() -> None:
    document = yaml.safe_load((CHARTS / "chess-cluster/environments/prod.outputs.yaml").read_text())
    with pytest.raises(ValueError, match="schema 2"):
        render.aws_values(document | {"schema": 2}, "9.9.9", "")


@pytest.mark.parametrize("environment", render.ENVIRONMENTS)
def test_the_chesscluster_of_an_overlay_is_what_the_operator_takes(environment: str) -> None:
    bodies = yaml.safe_load_all((ROOT / f"manifests/overlays/{environment}/game/cluster.yaml").read_text())
    [cluster] = [body for body in bodies if body and body["kind"] == "ChessCluster"]
    assert parse(cluster["spec"]).server.env, "each says how players reach it"
