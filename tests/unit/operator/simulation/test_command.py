"""`chess-operator simulate`: a trace in, a table out; what is wrong with the input in one line."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from chess_operator.cli import app

SPEC = """
kind: ChessCluster
spec:
  server: {image: x}
  redis: {urlSecretRef: {name: store, key: url}}
  database: {urlSecretRef: {name: store, key: url}}
  scaling:
    minReplicas: 1
    targetConnectionsPerReplica: 100
    maxConnectionsPerReplica: 200
    bufferSize: 0
    behavior: {scaleDown: {stabilizationWindowSeconds: 60}}
  drain: {deadlineSeconds: 100, reconnectWindowSeconds: 10}
"""


def simulate(folder: Path, trace: str, spec: str = SPEC) -> tuple[int, list[list[str]], str]:
    (folder / "trace.csv").write_text(trace)
    (folder / "chess.yaml").write_text(spec)
    result = CliRunner().invoke(
        app, ["simulate", str(folder / "trace.csv"), "-f", str(folder / "chess.yaml")]
    )
    return result.exit_code, [line.split(maxsplit=7) for line in result.stdout.splitlines()], result.stderr


def test_a_trace_makes_a_table(tmp_path: Path) -> None:
    code, rows, _ = simulate(tmp_path, "seconds,connections\n0,50\n10,350\n30,50\n300,50\n")
    assert code == 0
    assert rows[0][:4] == ["seconds", "connections", "wanted", "desired"]
    story = [(float(row[0]), int(row[3]), int(row[4]), int(row[5]), row[7].split(":")[0]) for row in rows[1:]]
    assert story == [
        (0, 1, 0, 0, "Created"),
        (1.5, 1, 1, 0, "Steady"),
        (10, 4, 1, 0, "ScaledOut"),
        (11.5, 4, 4, 0, "Steady"),
        (90, 1, 1, 0, "ScaledIn"),
    ]


@pytest.mark.parametrize(
    "trace, message",
    [
        ("", "line 1: column 'seconds' is missing; the first line must name seconds and connections"),
        (
            "seconds,players\n",
            "line 1: column 'connections' is missing; the first line must name seconds and connections",
        ),
        (
            "seconds,connections\n",
            "line 2: the trace is empty; give at least one line of seconds and connections",
        ),
        (
            "seconds,connections\n1,x\n",
            "line 2: '1,x' are not two numbers; give seconds and whole connections",
        ),
        (
            "seconds,connections\n1\n",
            "line 2: '1,None' are not two numbers; give seconds and whole connections",
        ),
        (
            "seconds,connections\ninf,1\n",
            "line 2: 'inf,1' are not two numbers; give seconds and whole connections",
        ),
        (
            "seconds,connections\n1,-1\n",
            "line 2: 1,-1: seconds must be 0 or more, connections from 0 to 10000000",
        ),
        ("seconds,connections\n5,1\n4,1\n", "line 3: seconds 4 is before the line above; sort by time"),
    ],
)
def test_a_bad_trace_is_named(tmp_path: Path, trace: str, message: str) -> None:
    code, _, error = simulate(tmp_path, trace)
    assert (code, error) == (2, f"chess-operator: {message}\n")


@pytest.mark.parametrize("spec", ["a: [", "[]", "kind: Pod", "kind: ChessCluster\nspec: 7"])
def test_what_is_no_chesscluster_is_named(tmp_path: Path, spec: str) -> None:
    code, _, error = simulate(tmp_path, "seconds,connections\n0,1\n", spec)
    assert code == 2
    assert error.startswith(f"chess-operator: {tmp_path / 'chess.yaml'}: not ")
    assert error.count("\n") == 1


def test_what_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "trace.csv").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "chess.yaml").write_text(SPEC)
    result = CliRunner().invoke(
        app, ["simulate", str(tmp_path / "trace.csv"), "-f", str(tmp_path / "chess.yaml")]
    )
    assert result.exit_code == 2
    assert "not text; give CSV with the columns seconds and connections" in result.stderr
