"""Which Go toolchain is recent enough."""

import pytest

from chess_localcluster.build import golang


@pytest.mark.parametrize(
    "text, version, enough",
    [
        ("go version go1.26.8 linux/amd64", "1.26.8", True),
        ("go version go1.27 linux/arm64", "1.27", True),
        ("go version go1.9.7 linux/amd64", "1.9.7", False),
    ],
)
def test_go_versions_compare_as_numbers(text: str, version: str, enough: bool) -> None:  # noqa: FBT001 - a parameter of the cases
    assert golang.parse_version(text) == version
    assert golang.at_least(version, golang.OLDEST) is enough


def test_a_program_that_is_no_go_has_no_version() -> None:
    assert golang.parse_version("usage: go <move>") is None
