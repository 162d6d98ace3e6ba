"""Which files go into an image, and when it must be built again."""

from pathlib import Path

import pytest

from chess_localcluster.images import dockerignore

RULES = ["*", "!server", "!requirements/image.txt", "**/__pycache__", "**/*.pyc"]


@pytest.mark.parametrize(
    "path, out",
    [
        ("server/a.py", False),
        ("server/deep/b.py", False),
        ("server/__pycache__/a.pyc", True),
        ("requirements/image.txt", False),
        ("requirements/dev.txt", True),
        ("web/page.tsx", True),
    ],
)
def test_what_goes_into_an_image_follows_dockerignore(path: str, out: bool) -> None:  # noqa: FBT001 - a parameter of the cases
    assert dockerignore.ignored(path, RULES) is out


def test_a_fingerprint_changes_with_what_counts_and_only_with_that(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM scratch\n")
    (tmp_path / ".dockerignore").write_text("*\n!kept\n")
    (tmp_path / "kept").write_text("1")
    first = dockerignore.fingerprint(tmp_path)
    (tmp_path / "other").write_text("1")
    assert dockerignore.fingerprint(tmp_path) == first
    (tmp_path / "kept").write_text("2")
    assert dockerignore.fingerprint(tmp_path) != first
