"""Synthesis gives what the snapshots hold; a resource that holds data never changes its logical id.

After a change that is meant: `python -m chess_stacks.synth.snapshot tests/aws/synth/golden`, and read the difference.
"""

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from chess_stacks.profile.load import NAMES, load
from chess_stacks.synth import snapshot
from chess_stacks.synth.synthesis import Assembly

GOLDEN = Path(__file__).parent / "golden"


def golden(name: str) -> dict[str, Any]:
    kept: dict[str, Any] = json.loads((GOLDEN / f"{name}.json").read_text(encoding="utf-8"))
    return kept


def test_what_holds_data_keeps_its_logical_id(assembly: Assembly) -> None:
    gone = snapshot.lost(golden(assembly.profile.name), snapshot.take(assembly))
    assert gone == [], "CloudFormation would delete these and make empty ones"


def test_synthesis_is_as_recorded(assembly: Assembly) -> None:
    kept = golden(assembly.profile.name)
    made = json.loads(json.dumps(snapshot.take(assembly)))
    assert list(made) != [], "something was made"
    assert {key: made[key] == kept.get(key) for key in made} == dict.fromkeys(kept, True)


def test_a_renamed_database_is_noticed(assembly: Assembly) -> None:
    kept = golden(assembly.profile.name)
    renamed = copy.deepcopy(kept)
    stateful = renamed["data-rds"]["stateful"]
    old = next(iter(stateful))
    stateful["Renamed"] = stateful.pop(old)
    assert snapshot.lost(kept, renamed) == [f"data-rds/{old}"]


def test_a_stack_that_is_gone_is_noticed(assembly: Assembly) -> None:
    kept = golden(assembly.profile.name)
    without = {key: value for key, value in kept.items() if key != "security"}
    assert set(snapshot.lost(kept, without)) == {f"security/{name}" for name in kept["security"]["stateful"]}


@pytest.mark.parametrize("name", NAMES)
def test_synthesis_is_the_same_every_time(name: str, assemblies: dict[str, Assembly]) -> None:
    again = snapshot.synthesize(load(name))
    assert json.dumps(again.templates) == json.dumps(assemblies[name].templates)
