"""What an import contract cannot hold: which part of an outside package a module takes."""

import ast
from pathlib import Path

import pytest

OPERATOR = Path(__file__).parents[3] / "operator" / "chess_operator"
MODULES = [module for folder in ("objects", "install") for module in sorted((OPERATOR / folder).glob("*.py"))]
MODELS = "kubernetes.aio.client.models"
"""Plain pydantic models; the rest of the client makes requests."""


def taken(source: str) -> set[str]:
    """Return what a module imports of the Kubernetes client, by its full name."""
    found = set[str]()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        if isinstance(node, ast.ImportFrom):
            found |= {f"{node.module}.{name.name}" for name in node.names}
    return {name for name in found if name.split(".")[0] == "kubernetes"}


@pytest.mark.parametrize("module", MODULES, ids=lambda module: f"{module.parent.name}/{module.stem}")
def test_objects_are_made_of_the_clients_models_and_nothing_that_connects(module: Path) -> None:
    names = taken(module.read_text(encoding="utf-8"))
    assert [name for name in names if name != MODELS and not name.startswith(f"{MODELS}.")] == []


@pytest.mark.parametrize(
    "source, names",
    [
        ("from kubernetes.aio import client", {"kubernetes.aio.client"}),
        ("import kubernetes.aio.client.rest", {"kubernetes.aio.client.rest"}),
        ("from kubernetes.aio.client import models as k8s", {MODELS}),
        ("import json", set[str]()),
    ],
)
def test_every_form_of_import_is_seen(source: str, names: set[str]) -> None:
    assert taken(source) == names
