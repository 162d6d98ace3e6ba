"""The Lua scripts, from package data."""

from dataclasses import dataclass
from functools import cache
from hashlib import sha1
from importlib.resources import files


@dataclass(frozen=True, slots=True)
class Script:
    """A script, and the digest by which Redis knows it once it is loaded."""

    source: str
    digest: str


@cache
def scripts() -> dict[str, Script]:
    """Read all scripts: name → script."""
    found = files("chess_server.store.redis").joinpath("lua").iterdir()
    return {
        file.name.removesuffix(".lua"): _script(file.read_text(encoding="utf-8"))
        for file in found
        if file.name.endswith(".lua")
    }


def _script(source: str) -> Script:
    return Script(source, sha1(source.encode(), usedforsecurity=False).hexdigest())
