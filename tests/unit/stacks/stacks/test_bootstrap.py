"""Bootstrap comes before the bucket that templates are uploaded to."""

import pytest

from chess_stacks.profile.load import NAMES, load
from chess_stacks.synth.synthesis import synthesize


@pytest.mark.parametrize("base", NAMES)
def test_bootstrap_can_be_sent_inline(base: str) -> None:
    assembly = synthesize(load(base))
    assert assembly.manifest[0].key == "bootstrap"
    assert assembly.manifest[0].size <= 51_200
