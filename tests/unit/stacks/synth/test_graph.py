"""The DAG's picture and the profile's explanation."""

from xml.etree import ElementTree

import pytest

from chess_stacks.profile.load import NAMES, load
from chess_stacks.synth import explanation, graph, synthesis

NEEDS = {"a": frozenset[str](), "b": frozenset({"a"}), "c": frozenset({"a", "b"})}


def test_a_stack_stands_right_of_what_it_waits_for() -> None:
    assert graph.depths(NEEDS) == {"a": 0, "b": 1, "c": 2}


def test_edges_that_a_longer_path_implies_are_left_out() -> None:
    assert graph.essential(NEEDS) == {"a": frozenset(), "b": frozenset({"a"}), "c": frozenset({"b"})}


def test_no_edge_passes_behind_a_stack_that_it_does_not_end_at() -> None:
    for name in NAMES:
        manifest = synthesis.synthesize(load(name)).manifest
        stacks, bends = graph.layout({entry.key: frozenset(entry.depends_on) for entry in manifest})
        taken = [*stacks.values(), *(bend for found in bends.values() for bend in found)]
        assert len(taken) == len(set(taken)), "each stack and each bend has a place of its own"
        for (need, key), found in bends.items():
            columns = [stacks[need][0], *(column for column, _ in found), stacks[key][0]]
            assert columns == list(range(columns[0], columns[-1] + 1)), "a bend in every column between"


def test_the_picture_is_svg_with_every_stack_and_none_overlaps() -> None:
    assembly = synthesis.synthesize(load("prod"))
    root = ElementTree.fromstring(graph.draw(assembly))  # noqa: S314 (our own document)
    boxes = [
        (node.get("x"), node.get("y"))
        for node in root.iter("{http://www.w3.org/2000/svg}rect")
        if node.get("x") is not None
    ]
    assert len(boxes) == len(set(boxes)) == len(assembly.manifest)
    words = " ".join(root.itertext())
    assert all(entry.key in words for entry in assembly.manifest)


@pytest.mark.parametrize("name", NAMES)
def test_explains_every_setting_with_a_meaning(name: str) -> None:
    told = explanation.explain(load(name))
    unexplained = [
        setting.path
        for setting in told.settings
        if not setting.meaning and "." in setting.path and not setting.path.endswith(".kind")
    ]
    assert unexplained == []
    assert {stack.key for stack in told.stacks} >= {"network", "eks-control"}
    assert any(setting.why for setting in told.settings)
