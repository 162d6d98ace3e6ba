"""The command line's help."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from chess_localcluster.cli import app
from chess_localcluster.preflight import look
from chess_localcluster.preflight.check import Check, ok, refused, warning


@pytest.mark.parametrize("command", [["up"], ["image", "build"], ["argocd", "up"]])
def test_help_shows_where_the_cluster_is_kept(command: list[str]) -> None:
    shown = CliRunner().invoke(app, [*command, "--help"], env={"COLUMNS": "200", "NO_COLOR": "1"}).stdout
    assert "default: $LOCALCLUSTER_HOME or /var/lib/localcluster" in shown


GOOD = ok("memory", "8.0 GB are available")
DOUBTFUL = warning("networks", "10.0.0.0/8 on eth0 overlaps it", "mind it")
BAD = refused("ports", "port 10.88.0.1:53/udp (coredns) is taken", "free it")


@pytest.mark.parametrize("found, code", [([GOOD], 0), ([GOOD, DOUBTFUL], 0), ([DOUBTFUL, BAD], 1)])
def test_preflight_is_a_line_a_check_and_fails_only_where_up_would(
    monkeypatch: pytest.MonkeyPatch, found: list[Check], code: int
) -> None:
    monkeypatch.setattr(look, "look", lambda *_, **__: iter(found))
    shown = CliRunner().invoke(app, ["preflight"])
    assert shown.exit_code == code
    assert shown.stdout.splitlines() == [f"{one.level:8} {one.line}" for one in found]
    document = json.loads(CliRunner().invoke(app, ["preflight", "-o", "json"]).stdout)
    assert [(one["what"], one["level"]) for one in document] == [(one.what, one.level) for one in found]


@pytest.mark.parametrize(
    "command", [["store", "start", "redis"], ["logs", "etcd"], ["kubeconfig"], ["status"]]
)
def test_a_directory_of_somebody_else_s_is_no_cluster(tmp_path: Path, command: list[str]) -> None:
    (tmp_path / "kubeconfig").write_text("mine")
    done = CliRunner().invoke(app, [*command, "--home", str(tmp_path)])
    assert str(done.exception) == f"no cluster at {tmp_path}: `localcluster up` makes one"
    assert [path.name for path in tmp_path.iterdir()] == ["kubeconfig"]


PRINTING = """
import os, sys
sys.argv = ["localcluster", "preflight"]
from chess_localcluster import cli
from chess_localcluster.preflight import look
from chess_localcluster.preflight.check import ok
look.look = lambda *_, **__: [ok("paths", f"\u2026 {os.umask(0o022):03o}")]
cli.main()
"""


@pytest.mark.parametrize("umask", [0o077, 0o000])
def test_neither_the_shell_s_umask_nor_its_encoding_matters(umask: int) -> None:
    """With 077 the stores' users could not enter their directories, with 000 everybody could write where root does."""
    done = subprocess.run(
        [sys.executable, "-c", PRINTING],
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
        capture_output=True,
        text=True,
        check=False,
        umask=umask,
    )
    assert (done.stdout, done.stderr) == ("ok       paths: \\u2026 022\n", "")
