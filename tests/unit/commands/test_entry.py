"""A command whose extra is missing says so in one line; one whose extra is there is left alone."""

from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest

from chess_commands import entry

EXTRAS = {"operator": "kopf", "server": "picows", "aws": "troposphere", "local": "cryptography"}


def nothing(name: str) -> str:
    raise PackageNotFoundError(name)


@pytest.mark.parametrize("extra, package", EXTRAS.items())
def test_the_packages_of_each_extra_are_known(extra: str, package: str) -> None:
    assert package in entry.missing(extra, nothing)
    assert "redis" not in entry.missing(extra, nothing), "everybody has that"
    assert entry.missing(extra) == []


def call(arguments: list[str], monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr("sys.argv", ["chess-server", *arguments])
    monkeypatch.setattr(entry, "missing", lambda _extra: ["picows", "chess"])
    with pytest.raises(SystemExit) as ended:
        entry.server()
    return int(str(ended.value.code))


LINE = "chess-server: needs the extra 'server' (picows, chess): pip install 'chesscluster[server]'\n"


@pytest.mark.parametrize(
    "arguments, code, out, err",
    [
        pytest.param([], 2, "", LINE, id="nothing"),
        pytest.param(["serve", "--port", "1"], 2, "", LINE, id="a-command"),
        pytest.param(["--help"], 0, LINE, "", id="help"),
        pytest.param(["serve", "--help"], 0, LINE, "", id="a-commands-help"),
        pytest.param(["--version"], 0, "chess-server 0.1.0\n", "", id="version"),
    ],
)
def test_a_missing_extra_is_one_line(
    arguments: list[str],
    code: int,
    out: str,
    err: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert call(arguments, monkeypatch) == code
    assert capsys.readouterr() == (out, err)


def test_with_its_extra_a_program_is_run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["chess-server", "--help"])
    with pytest.raises(SystemExit):
        entry.server()
    assert "serve" in capsys.readouterr().out


def test_each_console_command_begins_here() -> None:
    project = (Path(__file__).parents[3] / "pyproject.toml").read_text()
    for name in ("operator", "server", "stacks", "localcluster"):
        assert f'"chess_commands.entry:{name}"' in project
        assert callable(getattr(entry, name))
