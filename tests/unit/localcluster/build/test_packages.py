"""What an installation of Debian packages leaves on the machine while it runs, and what is done if it was killed."""

from pathlib import Path

import pytest

from chess_localcluster.build import packages
from chess_localcluster.build.packages import OURS, Package
from chess_localcluster.errors import ClusterError
from chess_localcluster.progress import Silent

OLD_TEXT = "#!/bin/sh\nexit 101\n"


@pytest.fixture
def policy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stands for the machine's policy-rc.d; every package is installed."""
    path = tmp_path / "policy-rc.d"
    monkeypatch.setattr(packages, "TEMPORARY", {path: (f"#!/bin/sh\n{OURS}\nexit 101\n", 0o755)})
    monkeypatch.setattr(packages, "LOCK", tmp_path / "run" / "packages.lock")
    monkeypatch.setattr(packages, "PACKAGES", ())
    monkeypatch.setattr(packages.os, "geteuid", lambda: 0)
    return path


def test_what_a_killed_installation_left_goes_with_the_next_run(policy: Path) -> None:
    policy.write_text(f"#!/bin/sh\n{OURS}\nexit 101\n")
    assert packages.ensure(Silent()) == []
    assert not policy.exists()


def test_somebody_s_own_policy_stays(policy: Path) -> None:
    policy.write_text(OLD_TEXT)
    packages.ensure(Silent())
    assert policy.read_text() == OLD_TEXT


def test_services_stay_away_only_while_packages_are_installed(
    policy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []

    def apt(*argv: str, **_: object) -> str:
        seen.append((argv[1], policy.exists(), policy.stat().st_mode & 0o777))
        return ""

    monkeypatch.setattr(packages, "run", apt)
    monkeypatch.setattr(packages, "PACKAGES", (Package(name="x", proof="/nowhere/x", why="test"),))
    monkeypatch.setattr(packages, "_require_means", lambda _names: None)
    with pytest.raises(ClusterError, match="the programs of these packages are missing: x"):
        packages.ensure(Silent())
    assert seen == [("update", True, 0o755), ("install", True, 0o755)]
    assert not policy.exists()


def test_without_a_network_the_reason_is_the_network(policy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def apt(*argv: str, **_: object) -> str:
        if argv[1] == "update":
            return (
                "Err:1 http://deb.example bookworm InRelease\n  Temporary failure resolving 'deb.example'\n"
            )
        raise ClusterError("apt-get install --yes failed: E: Unable to locate package x")

    monkeypatch.setattr(packages, "run", apt)
    with pytest.raises(ClusterError) as refused:
        packages._install(["x"])
    assert str(refused.value) == (
        "apt-get update failed: the network does not answer, or its proxy and mirror are not set "
        "(Temporary failure resolving 'deb.example')"
    )
