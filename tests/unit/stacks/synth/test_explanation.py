"""A profile in words."""

import pytest

from chess_stacks.profile.load import NAMES, load
from chess_stacks.synth import explanation


@pytest.mark.parametrize("name", NAMES)
def test_explains_every_setting_with_a_meaning(name: str) -> None:
    explained = explanation.explain(load(name))
    unexplained = [
        setting.path
        for setting in explained.settings
        if not setting.meaning and "." in setting.path and not setting.path.endswith(".kind")
    ]
    assert unexplained == []
    assert {stack.key for stack in explained.stacks} >= {"network", "eks-control"}
    assert any(setting.why for setting in explained.settings)
