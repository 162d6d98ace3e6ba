"""Mounts below a directory."""

from pathlib import Path

from chess_localcluster.machine import mounts


def test_mounts_go_deepest_first_and_only_ours() -> None:
    rows = ["/x/y", "/x", "/xy", "/x/y/a\\040b"]
    text = "\n".join(f"1 2 0:1 / {row} rw - tmpfs tmpfs rw" for row in rows)
    assert mounts.below(Path("/x"), text) == ["/x/y/a b", "/x/y", "/x"]
