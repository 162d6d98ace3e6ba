"""docs/aws/deploy.md is run as it stands: every command of it, in order, prints what the page shows.

Numbers differ from run to run, so digits are taken for each other; "…" on the page stands for what is left out there.
"""

import re
import shlex
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from .conftest import CommandLine

pytestmark = [pytest.mark.aws, pytest.mark.timeout(280)]
ROOT = Path(__file__).parents[3]
PAGE = ROOT / "docs" / "aws" / "deploy.md"
ACCOUNT = "123456789012"
OVERLAYS = {
    "bigger-nodes.yaml": """\
eks:
  groups:
    - {name: system, capacity: on-demand, arch: arm64, instance_types: [m7g.large], min_size: 1, desired_size: 1,
       max_size: 2}
    - {name: spot, capacity: spot, arch: arm64, instance_types: [m6g.large, m7g.large, c7g.large, r7g.large],
       min_size: 1, desired_size: 1, max_size: 5}
""",
    "aurora.yaml": 'database: {kind: aurora, version: "17.9", capacity: serverless}\n',
}


@dataclass
class Shown:
    """A command of the page and the lines that it should print."""

    command: str
    lines: list[str] = field(default_factory=list)


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)


def commands() -> list[Shown]:
    found: list[Shown] = []
    for block in blocks("console"):
        for line in block.splitlines():
            if line.startswith("$ "):
                found.append(Shown(line.removeprefix("$ ").split("  #")[0].strip()))
            elif line.strip():
                found[-1].lines.append(line)
    return [shown for shown in found if shown.command.startswith("chess-stacks")]


def alike(text: str) -> str:
    return re.sub(r"\d+", "0", " ".join(text.split()))


def missing(shown: Shown, printed: str) -> list[str]:
    text = alike(printed)
    parts = [part for line in shown.lines for part in line.split("…") if part.strip()]
    return [part for part in parts if alike(part) not in text]


def test_the_page_shows_what_its_commands_print(
    chess: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", ACCOUNT)
    monkeypatch.chdir(tmp_path)
    for name, text in {**OVERLAYS, "ours.yaml": blocks("yaml")[0]}.items():
        Path(name).write_text(text, encoding="utf-8")
    shown = commands()
    verbs = {shlex.split(one.command)[1] for one in shown}
    assert {"explain", "cost", "doctor", "deploy", "outputs", "diff", "drift", "destroy"} <= verbs
    wrong = {}
    for one in shown:
        ended = chess.run(*shlex.split(one.command)[1:])
        if left := missing(one, ended.err + ended.out):
            wrong[one.command] = (left, ended.err + ended.out)
    assert wrong == {}
