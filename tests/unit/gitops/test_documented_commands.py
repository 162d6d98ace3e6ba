"""The commands that the documentation gives to people exist, with their options, targets and files."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer

from chess_localcluster.cli import app as localcluster
from chess_stacks.cli import app as stacks

ROOT = Path(__file__).resolve().parents[3]
PAGES = (
    "README.md",
    "CONTRIBUTING.md",
    "examples/README.md",
    "docs/demo.md",
    "docs/gitops.md",
    "docs/aws/deploy.md",
    "charts/chess-operator/README.md",
    "charts/chess-cluster/README.md",
)
PROGRAMS = {"chess-stacks": stacks, "localcluster": localcluster}
BLOCK = re.compile(r"^ *```(?:sh|console)\n(.*?)^ *```$", re.DOTALL | re.MULTILINE)
INLINE = re.compile(r"`((?:make|kubectl|helm|chess-stacks|localcluster) [^`\n]*)`")


def _lines(page: str) -> Iterator[str]:
    """Yield the commands of a page: of its blocks, without prompts and what is answered, and between backticks."""
    text = (ROOT / page).read_text()
    for kind, block in re.findall(r"^ *```(sh|console)\n(.*?)^ *```$", text, re.DOTALL | re.MULTILINE):
        for line in map(str.strip, block.splitlines()):
            if kind == "sh" or line.startswith("$ "):
                yield line.removeprefix("$ ")
    yield from INLINE.findall(BLOCK.sub("", text))


def _commands() -> list[tuple[str, str]]:
    """Page and command, one for each program called in a line."""
    found = ((page, line.split(" #")[0]) for page in PAGES for line in _lines(page))
    return [(page, part.strip()) for page, line in found for part in re.split(r"&&|;", line) if part.strip()]


COMMANDS = _commands()


def _called(program: str) -> list[str]:
    calls = (re.sub(r"^(?:\w+=\S+ )+", "", command) for _, command in COMMANDS)
    return sorted({one for one in calls if one.split()[0] == program})


@pytest.mark.parametrize("command", [*_called("chess-stacks"), *_called("localcluster")])
def test_our_own_programs_know_the_command_and_its_options(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = shlex.split(command)
    monkeypatch.chdir(tmp_path)
    for word in words:
        if word.endswith(".yaml"):
            (tmp_path / word).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / word).write_text("{}")
    program, rest = typer.main.get_command(PROGRAMS[words[0]]), words[1:]
    context = program.make_context(words[0], list(rest))
    while rest := [*getattr(context, "_protected_args", ()), *context.args]:
        name, program, rest = program.resolve_command(context, rest)
        context = program.make_context(name, list(rest), parent=context)


@pytest.mark.parametrize("command", _called("make"))
def test_make_has_the_target(command: str) -> None:
    targets = [word for word in command.split()[1:] if "=" not in word]
    makefile = (ROOT / "Makefile").read_text()
    assert [one for one in targets if not re.search(rf"^{re.escape(one)}:", makefile, re.MULTILINE)] == []


@pytest.mark.parametrize("command", [*_called("kubectl"), *_called("helm")])
def test_the_files_are_there(command: str) -> None:
    paths = re.findall(r"\b(?:manifests|charts)/[\w./-]+", command)
    for path in paths:
        for environment in ("local", "dev", "staging", "prod"):
            assert (ROOT / path.replace("ENVIRONMENT", environment)).exists(), path


def test_the_pages_do_hold_commands() -> None:
    assert {"chess-stacks", "localcluster", "make", "kubectl", "helm"} <= {
        line.split()[0] for _, line in COMMANDS
    }
