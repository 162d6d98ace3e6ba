"""Whatever values are made up: they are refused by name, or the API server takes what they render."""

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from program import Program

pytestmark = [pytest.mark.gitops, pytest.mark.timeout(900)]
ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = int(os.environ.get("CHART_EXAMPLES", "25"))

TEXTS = st.one_of(
    st.sampled_from(
        ["", " ", "123", "0x1f", "1e3", "on", "yes", "null", "~", "true", "a: b", "# a", "'", '"', "{}", "[a]", "*",
         "&a", "-", "- a", "a\nb", "{{ .Release }}", "é", "a" * 47, "a" * 63, "a" * 64, "a" * 254, "A", "a_b", "a.b",
         "-a", "/"]
    ),
    st.from_regex(r"\A[a-z]([-a-z0-9]{0,20}[a-z0-9])?\Z"),
    st.text(max_size=8),
)  # fmt: skip
NUMBERS = st.sampled_from([-1, 0, 1, 80, 30123, 65535, 65536, 1_000_000, 10**12, 0.5])
ANYTHING = st.one_of(TEXTS, NUMBERS, st.booleans(), st.none(), st.just([]), st.just({}), st.just({"a": 1}))
OURS = st.sampled_from(["argocd.argoproj.io/sync-wave", "app.kubernetes.io/name", "helm.sh/chart"])
"""Keys that the charts' own labels and annotations have."""
PLAIN = {"boolean": st.booleans(), "string": TEXTS}
NEEDED: dict[str, dict[str, Any]] = {
    "chess-cluster": {"image": {"repository": "chess"}},
    "chess-operator": {"image": {"repository": "chess"}, "crds": {"enabled": False}},  # it alone is a second
}
SWITCHES = {
    "chess-cluster": ["gateway.enabled", "ingress.enabled", "targetGroupBinding.enabled", "entry.enabled",
                      "externalSecrets.enabled", "trial.redis.enabled", "trial.postgres.enabled", "migrations.enabled"],
    "chess-operator": ["monitoring.serviceMonitor.enabled", "monitoring.prometheusRule.enabled",
                       "monitoring.dashboard.enabled", "networkPolicy.enabled"],
}  # fmt: skip
USUAL = {
    "gateway.parentRefs": [{"name": "public"}],
    "targetGroupBinding.blueArn": "arn:a",
    "externalSecrets.redis.remoteKey": "r",
    "externalSecrets.redis.endpoint": "r:6379",
    "externalSecrets.database.remoteKey": "d",
    "externalSecrets.database.endpoint": "d:5432",
    "externalSecrets.database.ca": "-----BEGIN CERTIFICATE-----",
}
"""What the switches of chess-cluster need, so that an example gets beyond the first refusal."""


PASSED_ON = {"resources", "migrations.resources", "tolerations", "gateway.parentRefs", "affinity"}
"""Kubernetes' own objects, whose fields depend on each other: what is wrong in them the API server says."""


def _schema(chart: str) -> dict[str, Any]:
    made: dict[str, Any] = json.loads((ROOT / f"charts/{chart}/values.schema.json").read_text())
    return made


def _leaves(schema: dict[str, Any], path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """Return the paths of all values, but for those that the CRD describes."""
    found = []
    for name, one in schema["properties"].items():
        if path or name not in ("spec", "global", "enabled"):
            inner = one.get("properties")
            found += _leaves(one, (*path, name)) if inner else [(*path, name)]
    return found


def _of_the_chart(schema: dict[str, Any]) -> list[tuple[str, ...]]:
    own = _leaves(schema)
    return [leaf for leaf in own if ".".join(leaf[:2]) not in PASSED_ON and leaf[0] not in PASSED_ON]


def _allowed(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Make values that a schema lets pass, or nearly. What Kubernetes' own schema describes stays out."""
    if "pattern" in schema:
        longest = schema.get("maxLength", 300)
        pattern = re.sub(r"\$$", r"\\Z", schema["pattern"])  # Python's `$` takes a newline before the end
        return st.from_regex(pattern).filter(lambda text: len(text) <= longest)
    if schema.get("type") == "array":
        return st.lists(_allowed(schema["items"]), max_size=2, unique_by=repr)
    if schema.get("type") == "object":
        return _allowed_object(schema)
    if "minimum" in schema:
        return st.integers(schema["minimum"], schema["maximum"])
    return st.sampled_from(schema["enum"]) if "enum" in schema else PLAIN[schema["type"]]


def _allowed_object(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    if schema.get("additionalProperties"):
        keys, values = _allowed(schema["propertyNames"]), _allowed(schema["additionalProperties"])
        return st.dictionaries(st.one_of(keys, OURS), values, max_size=2)
    described = {name: one for name, one in schema.get("properties", {}).items() if one != {"type": "object"}}
    fields = {name: _allowed(one) for name, one in described.items()}
    needed = {name: fields.pop(name, st.just("a")) for name in schema.get("required", ())}
    return st.fixed_dictionaries(needed, optional=fields)


def _near(path: tuple[str, ...], schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Make values for a path: mostly what its schema allows, sometimes anything."""
    for name in path:
        schema = schema["properties"][name]
    allowed = _allowed(schema)
    return st.integers(0, 7).flatmap(lambda dice: allowed if dice else ANYTHING)


def _put(values: dict[str, Any], path: tuple[str, ...], value: Any) -> None:
    for name in path[:-1]:
        values = values.setdefault(name, {})
    values[path[-1]] = value


@st.composite
def _made_up(draw: st.DrawFn, chart: str) -> dict[str, Any]:
    schema = _schema(chart)
    values: dict[str, Any] = json.loads(json.dumps(NEEDED[chart]))
    for name in draw(st.sets(st.sampled_from(SWITCHES[chart]), max_size=3)):
        _put(values, tuple(name.split(".")), value=True)
    if chart == "chess-cluster":
        for name, value in USUAL.items():
            _put(values, tuple(name.split(".")), value)
    leaves = st.lists(st.sampled_from(_of_the_chart(schema)), min_size=1, max_size=3, unique=True)
    for path in draw(leaves):
        _put(values, path, draw(_near(path, schema)))
    return values


RELEASES = st.one_of(
    st.sampled_from(["chess", "on", "e1", "a.b", "n" * 53, "123"]),
    st.from_regex(r"\A[a-z]([-a-z0-9]{0,51}[a-z0-9])?\Z"),
)


@pytest.mark.parametrize("chart", ["chess-cluster", "chess-operator"])
@settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_values_are_refused_by_name_or_taken(
    helm: Program, api: Program, tmp_path_factory: pytest.TempPathFactory, chart: str, data: st.DataObject
) -> None:
    values, release = data.draw(_made_up(chart)), data.draw(RELEASES)
    path = tmp_path_factory.mktemp("values") / "values.yaml"
    path.write_text(yaml.safe_dump(values))
    made = helm("template", release, f"charts/{chart}", "-n", "arena", "--values", path, good=False)
    event("refused" if made.code else "taken")
    if made.code:
        _is_for_people(made.err, chart)
        return
    _make_namespaces(
        api, {one["metadata"]["namespace"] for one in made.documents if "namespace" in one["metadata"]}
    )
    answer = api("apply", "--server-side", "--force-conflicts", "--dry-run=server", "-f", "-", given=made.out)
    assert answer.out.count("(server dry run)") == len(made.documents)


def _make_namespaces(api: Program, names: set[str]) -> None:
    """Roles go to namespaces that values name; whoever installs has made them."""
    made = [{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}} for name in sorted(names)]
    api("apply", "--server-side", "-f", "-", given=yaml.safe_dump_all(made))


def _is_for_people(message: str, chart: str) -> None:
    """A refusal names the value, by the schema or in a sentence of the chart's."""
    by_schema = "at '/" in message or "at '': " in message
    names = [".".join(leaf) for leaf in _leaves(_schema(chart))]
    by_sentence = "execution error at" in message and any(name in message for name in names)
    assert by_schema or by_sentence, message
    for accident in ("nil pointer", "converting YAML", "wrong type for value"):
        assert accident not in message, message
