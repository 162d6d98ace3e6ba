"""The image: for every architecture that nodes have, from a base that cannot change, and checkov reads it."""

import re
import subprocess
from pathlib import Path

import pytest

from chess_stacks.profile import load

pytestmark = [pytest.mark.gitops]
ROOT = Path(__file__).resolve().parents[2]
CHECKOV = ROOT / ".venv-checkov/bin/checkov"
PLATFORMS = {"arm64": "linux/arm64", "x86_64": "linux/amd64"}
DOCKER = '#!/bin/sh\nprintf "%s\\n" "$@"\n'
SKIPPED = {
    "CKV_DOCKER_2": "the kubelet probes; an OCI image has no health check",
    "CKV_DOCKER_7": "checkov reads no argument: tag and digest are those of BASE, see the test above",
}


def _push(directory: Path, *names: str) -> subprocess.CompletedProcess[str]:
    """Run the pipeline's step with a `docker` that only says what it was asked."""
    docker = directory / "docker"
    docker.write_text(DOCKER)
    docker.chmod(0o755)
    environment = {"PATH": f"{directory}:/usr/local/bin:/usr/bin:/bin"}
    argv = [ROOT / ".ci/image", *names]
    return subprocess.run(argv, capture_output=True, text=True, check=False, timeout=60, env=environment)


def test_the_pipeline_builds_for_the_nodes_of_every_profile(tmp_path: Path) -> None:
    asked = _push(tmp_path, "registry.example:5000/a/server:0.1.0", "operator:0.1.0").stdout.splitlines()
    built = set(asked[asked.index("--platform") + 1].split(","))
    profiles = [load.load(name) for name in load.NAMES]
    nodes = {PLATFORMS[group.arch] for profile in profiles for group in profile.eks.groups}
    assert PLATFORMS["arm64"] in nodes
    assert built >= nodes
    assert "--push" in asked
    assert [asked[at + 1] for at, one in enumerate(asked) if one == "--tag"] == [
        "registry.example:5000/a/server:0.1.0",
        "operator:0.1.0",
    ]


@pytest.mark.parametrize(
    "names", [[], ["chess"], ["registry:5000/chess"], ["chess:latest"], ["chess:1@sha256:0"]]
)
def test_a_name_that_says_not_which_image_is_refused(tmp_path: Path, names: list[str]) -> None:
    answer = _push(tmp_path, *names)
    assert (answer.returncode, answer.stdout) == (2, "")
    assert len(answer.stderr.splitlines()) == 1


def test_the_base_is_named_by_its_digest_and_the_image_says_what_it_is() -> None:
    text = (ROOT / "Dockerfile").read_text()
    assert re.search(r"^ARG BASE=\S+@sha256:[0-9a-f]{64}$", text, re.MULTILINE)
    stages = set(re.findall(r" AS (\w+)$", text, re.MULTILINE))
    assert set(re.findall(r"^FROM (\S+)", text, re.MULTILINE)) - stages == {"${BASE}"}
    labels = set(re.findall(r"org\.opencontainers\.image\.([a-z.]+)=", text))
    assert labels >= {"title", "description", "licenses", "version", "revision", "base.name"}


def test_checkov_finds_nothing_in_the_dockerfile_but_what_we_stand_by() -> None:
    assert CHECKOV.exists(), "`make aws-tools` installs checkov"
    argv = [CHECKOV, "--file", ROOT / "Dockerfile", "--framework", "dockerfile", "--compact", "--quiet", "--skip-check",
            ",".join(SKIPPED)]  # fmt: skip
    done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=240)
    assert done.returncode == 0, done.stdout
    assert re.search(r"Passed checks: [1-9]", done.stdout), done.stdout
