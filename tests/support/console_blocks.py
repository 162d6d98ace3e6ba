"""The commands that a page shows in its `console` blocks, each with what it prints there."""

import re
from dataclasses import dataclass, field
from pathlib import Path

BLOCK = re.compile(r"^```console\n(.*?)^```$", re.DOTALL | re.MULTILINE)


@dataclass
class Shown:
    """A command and the lines that it prints; "…" stands for what differs from run to run."""

    command: str
    lines: list[str] = field(default_factory=list)

    def matches(self, printed: str) -> bool:
        parts = "\n".join(self.lines).split("…")
        return re.fullmatch("[^\n]*".join(map(re.escape, parts)), printed.rstrip("\n")) is not None


def shown_commands(page: Path) -> list[Shown]:
    """Read a page's commands, in order."""
    found: list[Shown] = []
    for line in "".join(BLOCK.findall(page.read_text(encoding="utf-8"))).splitlines():
        if line.startswith("$ "):
            found.append(Shown(line.removeprefix("$ ")))
        else:
            found[-1].lines.append(line)
    return found
