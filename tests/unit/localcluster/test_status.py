"""In which state a cluster is, by its record alone."""

import json
import sys
from pathlib import Path

import pytest
from local_plan import make_plan

from chess_localcluster import homes
from chess_localcluster.node import network
from chess_localcluster.paths import Home
from chess_localcluster.processes.process import stop
from chess_localcluster.status import State, recorded_at


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    monkeypatch.setattr(network, "OWNER", tmp_path / "owner")
    (tmp_path / "home").mkdir()
    return Home(root=tmp_path / "home")


def plan(home: Home) -> None:
    home.root.mkdir(exist_ok=True)
    home.plan.write_text(json.dumps(json.loads(make_plan(1).to_json()) | {"home": str(home.root)}))


def test_without_a_plan_or_a_process_it_is_down(home: Home) -> None:
    assert recorded_at(home).state is State.DOWN
    assert recorded_at(Home(root=home.root / "nowhere")).state is State.DOWN


def test_the_node_of_another_home_is_elsewhere_as_long_as_that_cluster_exists(home: Home) -> None:
    other = Home(root=home.root.parent / "other")
    network.OWNER.write_text(str(other.root))
    assert recorded_at(home).state is State.DOWN
    plan(other)
    found = recorded_at(home)
    assert (found.state, found.node_of) == (State.ELSEWHERE, str(other.root))


def test_a_plan_without_processes_is_stopped_and_has_something_to_lose(home: Home) -> None:
    network.OWNER.write_text(str(home.root))
    plan(home)
    assert recorded_at(home).state is State.STOPPED


@pytest.mark.parametrize("planned", [True, False])
def test_a_process_without_an_api_is_a_cluster_that_hangs(home: Home, planned: bool) -> None:  # noqa: FBT001 - a parameter of the cases
    if planned:
        plan(home)
    process = homes.registry(home).start("etcd", [sys.executable, "-c", "import time; time.sleep(300)"])
    try:
        assert recorded_at(home).state is State.HANGING
    finally:
        stop([process], grace_seconds=5)
