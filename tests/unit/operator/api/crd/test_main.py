"""The generated files are current, and the samples are what they claim."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from chess_operator.api.crd.__main__ import generate, main
from chess_operator.api.model import parse
from chess_operator.api.model.rules import Model

ROOT = Path(__file__).parents[5]
SAMPLES = sorted((ROOT / "manifests/samples").glob("*.yaml"))
# They need more than a plain cluster has, and a sample should run anywhere: in comments only.
ABSENT = {
    "server.podTemplate.spec.priorityClassName",
    "server.podTemplate.spec.runtimeClassName",
    *(f"{store}.caSecretRef{field}" for store in ("redis", "database") for field in ("", ".name", ".key")),
}


@pytest.mark.parametrize("path, text", generate().items(), ids=[path.name for path in generate()])
def test_generated_files_are_current(path: Path, text: str) -> None:
    assert (ROOT / path).read_text() == text, "stale: run `make manifests`"


def test_the_check_names_what_is_stale(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["--check"]) == 1
    assert "manifests/crd/chessclusters.yaml is stale: run `make manifests`" in capsys.readouterr().err
    assert main([]) == 0
    assert main(["--check"]) == 0
    assert main(["--nonsense"]) == 2


@pytest.mark.parametrize("path", SAMPLES, ids=[path.stem for path in SAMPLES])
def test_samples_are_good(path: Path) -> None:
    body = yaml.safe_load(path.read_text())
    assert body["metadata"]["name"] == path.stem
    parse(body["spec"])


def test_everything_sets_every_field() -> None:
    body = yaml.safe_load((ROOT / "manifests/samples/everything.yaml").read_text())
    spec = parse(body["spec"])
    text = (ROOT / "manifests/samples/everything.yaml").read_text()
    assert fields_of(type(spec), "") - given(body["spec"], "") == ABSENT
    assert all(f"# {path.split('.')[-1]}: " in text for path in ABSENT if path.endswith(("Name", "Ref")))


def fields_of(model: Any, path: str) -> set[str]:
    """Every field's path, lists and maps as their field."""
    found: set[str] = set()
    for name, field in model.model_fields.items():
        where = f"{path}{field.alias or name}"
        below = [
            one for one in parts_of(field.annotation) if isinstance(one, type) and issubclass(one, Model)
        ]
        found |= {where}.union(*(fields_of(one, f"{where}.") for one in below))
    return found


def parts_of(annotation: Any) -> list[Any]:
    arguments = getattr(annotation, "__args__", ())
    return [annotation, *(part for one in arguments for part in parts_of(one))]


def given(value: Any, path: str) -> set[str]:
    """Every path that a YAML body sets."""
    if isinstance(value, list):
        return {one for item in value for one in given(item, path)}
    if not isinstance(value, dict):
        return set()
    return {f"{path}{key}" for key in value}.union(
        *(given(item, f"{path}{key}.") for key, item in value.items())
    )
