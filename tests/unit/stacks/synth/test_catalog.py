"""The DAG follows from what the stacks take of each other."""

import re
from pathlib import Path

import pytest

from chess_stacks.parts import names
from chess_stacks.profile.load import NAMES, load
from chess_stacks.profile.model import Profile
from chess_stacks.synth import catalog


@pytest.fixture(params=NAMES)
def loaded(request: pytest.FixtureRequest) -> Profile:
    return load(request.param)


def test_each_input_is_an_output_of_a_stack_that_comes_earlier(loaded: Profile) -> None:
    outputs: dict[str, set[str]] = {}
    for stack in catalog.enabled(loaded):
        for given in stack.inputs(loaded):
            assert given.output in outputs.get(given.stack, set()), f"{stack.key} takes {given}"
        template = stack.build(loaded)
        assert template is not None
        outputs[stack.key] = set(template.outputs)


def test_each_parameter_has_a_source_and_each_input_a_parameter(loaded: Profile) -> None:
    for stack in catalog.enabled(loaded):
        template = stack.build(loaded)
        assert template is not None
        assert set(template.parameters) == {given.parameter for given in stack.inputs(loaded)}


def test_dependencies_name_only_stacks_that_are_on(loaded: Profile) -> None:
    graph = catalog.dependencies(loaded)
    on = {stack.key for stack in catalog.enabled(loaded)}
    assert set(graph) == on
    assert all(needs <= on for needs in graph.values())


def test_bootstrap_is_first_and_everything_waits_for_the_roles(loaded: Profile) -> None:
    graph = catalog.dependencies(loaded)
    assert graph[names.BOOTSTRAP] == frozenset()
    assert graph[names.DELIVERY] == {names.BOOTSTRAP}
    rest = set(graph) - {names.BOOTSTRAP, names.DELIVERY}
    assert all({names.BOOTSTRAP, names.DELIVERY} <= graph[key] for key in rest)


def test_each_stack_but_the_first_two_has_a_role_to_be_deployed_with(loaded: Profile) -> None:
    delivery = next(stack for stack in catalog.STACKS if stack.key == names.DELIVERY).build(loaded)
    assert delivery is not None
    rest = {stack.key for stack in catalog.enabled(loaded)} - {names.BOOTSTRAP, names.DELIVERY}
    assert {names.execution_role_output(key) for key in rest} <= set(delivery.outputs)


def test_a_profile_turns_stacks_off() -> None:
    keys = {stack.key for stack in catalog.enabled(load("hackathon"))}
    assert "observability" not in keys
    assert "observability" in {stack.key for stack in catalog.enabled(load("prod"))}


def test_auto_mode_has_no_node_stack_and_the_platform_does_not_wait_for_one(tmp_path: Path) -> None:
    overlay = tmp_path / "auto.yaml"
    overlay.write_text("eks: {compute: auto, groups: []}\n", encoding="utf-8")
    graph = catalog.dependencies(load("dev", overlay))
    assert "eks-nodes" not in graph
    assert "eks-nodes" not in graph["eks-platform"]


def test_coredns_waits_for_nodes() -> None:
    assert "eks-nodes" in catalog.dependencies(load("prod"))["eks-platform"]


def test_cloudfront_is_in_us_east_1_wherever_the_rest_is(tmp_path: Path) -> None:
    overlay = tmp_path / "eu.yaml"
    overlay.write_text("region: eu-central-1\n", encoding="utf-8")
    loaded = load("prod", overlay)
    regions = {stack.key: stack.region(loaded) for stack in catalog.enabled(loaded)}
    assert regions.pop("edge-global") == "us-east-1"
    assert set(regions.values()) == {"eu-central-1"}


def test_keys_make_names_that_cloudformation_takes() -> None:
    for stack in catalog.STACKS:
        name = names.stack_name("a-fifteen-chars", stack.key)
        assert re.fullmatch(r"[A-Za-z][A-Za-z0-9-]{0,127}", name)
        assert names.parameter_name(stack.key, "X").isalnum()
