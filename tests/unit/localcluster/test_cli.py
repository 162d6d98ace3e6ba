"""The command line's help."""

import pytest
from typer.testing import CliRunner

from chess_localcluster.cli import app


@pytest.mark.parametrize("command", [["up"], ["image", "build"], ["argocd", "up"]])
def test_help_shows_where_the_cluster_is_kept(command: list[str]) -> None:
    shown = CliRunner().invoke(app, [*command, "--help"], env={"COLUMNS": "200", "NO_COLOR": "1"}).stdout
    assert "default: $LOCALCLUSTER_HOME or /var/lib/localcluster" in shown
