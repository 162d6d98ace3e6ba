"""The Lua scripts, from package data."""

from importlib.resources import files


def source(name: str) -> str:
    """Read a script."""
    return files("chess_server.store.redis").joinpath("lua", f"{name}.lua").read_text(encoding="utf-8")
