"""The command line itself: exit codes, one JSON document, no traceback."""

import json
import sys
from pathlib import Path

import pytest

from chess_stacks import cli
from chess_stacks.synth import synthesis


@pytest.fixture(autouse=True)
def _no_account(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["chess-stacks", *arguments])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    return int(ended.value.code or 0)


@pytest.mark.parametrize("form", ["json", "yaml"])
def test_synth_writes_a_template_a_stack_and_a_manifest(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str], form: str
) -> None:
    code = run(
        monkeypatch, "synth", "-p", "prod", "--out", str(tmp_path / "t"), "--format", form, "-o", "json"
    )
    assert code == 0
    printed = json.loads(capsys.readouterr().out)
    written = {Path(name).name for name in printed["files"]}
    assert written == {path.name for path in (tmp_path / "t").iterdir()}
    assert {f"{entry['name']}.{form}" for entry in printed["stacks"]} | {"manifest.json"} == written


@pytest.mark.parametrize(
    "arguments,expected",
    [
        pytest.param(["synth", "--nonsense"], "No such option", id="option"),
        pytest.param(["conjure"], "No such command", id="verb"),
        pytest.param(["synth", "-p", "nowhere"], "hackathon, dev, staging, prod", id="profile"),
        pytest.param(["synth", "-f", "/no/such/file.yaml"], "/no/such/file.yaml", id="overlay"),
        pytest.param(["deploy"], "no AWS credentials were found", id="credentials"),
        pytest.param(["diff"], "no AWS credentials were found", id="diff-credentials"),
        pytest.param(["synth", "--out", "/proc/no"], "--out /proc/no", id="unwritable"),
    ],
)
def test_a_mistake_is_one_clear_line_and_exit_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments: list[str], expected: str
) -> None:
    assert run(monkeypatch, *arguments) == 1
    printed = capsys.readouterr().err
    assert expected in printed
    assert "Traceback" not in printed


def test_an_error_in_json_is_one_document(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "outputs", "-o", "json") == 1
    document = json.loads(capsys.readouterr().out)
    assert "no AWS credentials" in document["error"]
    assert "AWS_PROFILE" in document["advice"]


def test_an_unexpected_error_is_no_traceback_and_shows_no_key(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def break_down(_profile: object) -> None:
        raise RuntimeError("user AKIAIOSFODNN7EXAMPLE fell over")

    monkeypatch.setattr(synthesis, "synthesize", break_down)
    assert run(monkeypatch, "synth") == 1
    printed = capsys.readouterr().err
    assert "RuntimeError: user **** fell over" in printed
    assert "Traceback" not in printed


@pytest.mark.parametrize("verb", ["synth", "explain", "cost", "graph"])
def test_offline_verbs_need_neither_network_nor_credentials(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], verb: str
) -> None:
    def no_network(*_: object, **__: object) -> None:
        raise AssertionError("a socket was opened")

    monkeypatch.setattr("socket.socket.connect", no_network)
    assert run(monkeypatch, verb, "-p", "prod", "-o", "json") == 0
    assert json.loads(capsys.readouterr().out)


def test_what_is_newer_than_the_tables_is_warned_about_and_taken(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    overlay = tmp_path / "new.yaml"
    overlay.write_text('eks: {version: "1.99"}\n', encoding="utf-8")
    assert run(monkeypatch, "synth", "-f", str(overlay), "-o", "json") == 0
    out, err = capsys.readouterr()
    assert json.loads(out)["profile"] == "dev"
    assert err == "warning: eks.version: 1.99 is newer than the table this project carries; not checked\n"


def test_outputs_shows_the_schema_without_an_account(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "outputs", "--view", "schema", "-o", "json") == 0
    assert json.loads(capsys.readouterr().out)["title"] == "Values"
