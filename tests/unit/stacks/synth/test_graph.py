"""The DAG as a Mermaid flowchart: lines that Mermaid takes, every stack, and what flows between them."""

import re
from pathlib import Path
from typing import Any

import pytest

from chess_stacks.profile.load import NAMES, overlaid
from chess_stacks.synth import graph
from chess_stacks.synth.synthesis import Assembly, synthesize

PAGE = Path(__file__).parents[4] / "docs/aws/stacks.md"
NEEDS = {"a": frozenset[str](), "b": frozenset({"a"}), "c": frozenset({"a", "b"})}
NODE = re.compile(r'    ([a-z-]+)\["([^"]+)"\](?::::(global))?')
ARROW = re.compile(r'    ([a-z-]+) (?:-\.->|-->\|"([\w<>/]+)"\|) ([a-z-]+)')
NAMED = {"edge": {"domain": "chess.example.org", "hosted_zone_id": "Z0123456789ABC"}}
ELSEWHERE: dict[str, Any] = {"region": "eu-west-1", **NAMED}


def drawn(assembly: Assembly) -> tuple[dict[str, re.Match[str]], dict[tuple[str, str], str | None]]:
    """Read a flowchart: nodes by key, labels of arrows by their ends; every line is one or the other."""
    head, *lines, style = graph.draw(assembly).splitlines()
    assert (head, style.split()[:2]) == ("flowchart LR", ["classDef", "global"])
    nodes = {match[1]: match for line in lines if (match := NODE.fullmatch(line))}
    arrows = {(match[1], match[3]): match[2] for line in lines if (match := ARROW.fullmatch(line))}
    assert len(nodes) + len(arrows) == len(lines)
    return nodes, arrows


def test_edges_that_a_longer_path_implies_are_left_out() -> None:
    assert graph.essential(NEEDS) == {"a": frozenset(), "b": frozenset({"a"}), "c": frozenset({"b"})}


@pytest.mark.parametrize("overlay", [{}, ELSEWHERE], ids=["at home", "in another region"])
@pytest.mark.parametrize("name", NAMES)
def test_every_stack_and_every_essential_edge_is_drawn(name: str, overlay: dict[str, Any]) -> None:
    assembly = synthesize(overlaid(name, overlay))
    nodes, arrows = drawn(assembly)
    assert list(nodes) == [entry.key for entry in assembly.manifest]
    needs = {entry.key: frozenset(entry.depends_on) for entry in assembly.manifest}
    assert set(arrows) == {(need, key) for key, above in graph.essential(needs).items() for need in above}


def test_an_arrow_names_the_outputs_that_flow_along_it() -> None:
    _, arrows = drawn(synthesize(overlaid("prod", {})))
    assert arrows["network", "security"] == "VpcId<br/>VpcCidr"
    assert arrows["delivery", "network"] is None, "only the order counts"


def test_a_stack_in_another_region_shows_it() -> None:
    nodes, _ = drawn(synthesize(overlaid("prod", ELSEWHERE)))
    assert nodes["edge-global"][2].endswith(" resources · us-east-1")
    assert [key for key, node in nodes.items() if node[3]] == ["edge-global"]


def test_the_page_about_the_stacks_shows_prods_graph_as_it_is() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert f"```mermaid\n{graph.draw(synthesize(overlaid('prod', {})))}```" in page
