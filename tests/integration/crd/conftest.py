"""A real API server with the generated CRD, and kubectl, because users read its messages."""

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import crds
import pytest
import yaml
from polling import wait_until

from chess_localcluster import cluster
from chess_localcluster.paths import Cache

ROOT = Path(__file__).parents[3]
CRD = ROOT / "manifests/crd/chessclusters.yaml"

Kubectl = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="session")
def kubectl(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kubectl]:
    home = tmp_path_factory.mktemp("crd-cluster")
    running = cluster.up(home, nodes=0)

    def run(*arguments: str, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
        command = [str(Cache.of_user().bin / "kubectl"), "--kubeconfig", str(running.kubeconfig), *arguments]
        return subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=60, check=False)

    try:
        applied = run("apply", "-f", str(CRD))
        assert applied.returncode == 0, applied.stderr
        wait_until(lambda: crds.established(run(*crds.LIST).stdout), "the CRD is established", within=120)
        yield run
    finally:
        cluster.down(home)


@pytest.fixture
def smallest() -> dict[str, Any]:
    body: dict[str, Any] = yaml.safe_load((ROOT / "manifests/samples/smallest.yaml").read_text())
    return body
