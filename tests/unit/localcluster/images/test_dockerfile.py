"""Names of images."""

import pytest

from chess_localcluster.images import dockerfile


@pytest.mark.parametrize(
    "tag, name",
    [
        ("chesscluster:dev", "docker.io/library/chesscluster:dev"),
        ("me/chess:1", "docker.io/me/chess:1"),
        ("localhost/chess:1", "localhost/chess:1"),
        ("example.org/a/b:1", "example.org/a/b:1"),
    ],
)
def test_images_are_named_as_kubernetes_completes_them(tag: str, name: str) -> None:
    assert dockerfile.full_name(tag) == name
