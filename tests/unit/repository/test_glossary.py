"""docs/glossary.md has words that the code uses, each under its package and only once there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
TEXT = (ROOT / "docs/glossary.md").read_text(encoding="utf-8")
SOURCES = {".py", ".lua", ".yaml"}


def _sections() -> list[tuple[str, list[str]]]:
    parts = re.split(r"^## `(\w+)/`$", TEXT, flags=re.MULTILINE)[1:]
    return [
        (package, re.findall(r"^\| (?!word |---)([^|]+?) \|", body, re.MULTILINE))
        for package, body in zip(parts[::2], parts[1::2], strict=True)
    ]


def _forms(word: str) -> str:
    """Return a pattern of the word in prose and in names: `change set`, `change_set`, `ChangeSet`."""
    return r"[ _\n-]?".join(map(re.escape, word.split()))


@pytest.mark.parametrize("package, words", _sections())
def test_the_code_uses_every_word(package: str, words: list[str]) -> None:
    files = [file for file in (ROOT / package).rglob("*") if file.suffix in SOURCES]
    code = "\n".join(file.read_text(encoding="utf-8") for file in files)
    assert words
    assert len(set(words)) == len(words)
    assert [word for word in words if not re.search(_forms(word), code, re.IGNORECASE)] == []
