"""Two operators, one leads: whatever happens to it, the other goes on and nothing is done twice."""

import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from operator_fleet import Fleet, draining, out_to
from operator_process import Process, start_operator
from polling import eventually, wait_until

from chess_operator.api.resources.kinds import LEASES

pytestmark = pytest.mark.integration
TAKEOVER_SECONDS = 60.0
START_SECONDS = 90.0


@pytest.fixture
def pair(operator_kubeconfig: Path, tmp_path: Path) -> Iterator[tuple[Process, Process]]:
    processes = [start_operator(operator_kubeconfig, tmp_path) for _ in range(2)]
    try:
        wait_until(
            lambda: any(one.leads() for one in processes) and all(one.port for one in processes),
            lambda: "\n".join(one.log.read_text() for one in processes),
            within=START_SECONDS,
        )
        leader, standby = sorted(processes, key=lambda one: not one.leads())
        yield leader, standby
    finally:
        for one in processes:
            if one.popen.poll() is None:
                one.popen.send_signal(signal.SIGCONT)
                one.end()


async def test_the_standby_is_ready_and_writes_nothing(pair: tuple[Process, Process]) -> None:
    leader, standby = pair
    assert not standby.leads()
    await eventually(lambda: standby.get("/readyz")[0] == 200, "the standby is not ready")
    assert standby.get("/livez") == (200, "ok\n")
    assert "chess_operator_leader 0.0" in standby.get("/metrics")[1]
    assert "chess_operator_leader 1.0" in leader.get("/metrics")[1]


async def test_a_killed_leader_is_followed_and_nothing_is_done_twice(
    pair: tuple[Process, Process], fleet: Fleet
) -> None:
    leader, standby = pair
    await out_to(fleet, 3, 30)
    leader.popen.kill()
    leader.popen.wait()
    for server in fleet.servers.values():
        server.connections = 4  # two would do; a pod is to be drained by whoever leads
    await eventually(standby.leads, "nobody followed", within=TAKEOVER_SECONDS)
    await eventually(lambda: len(draining(fleet)) == 1, "the follower does nothing")
    drained = next(iter(draining(fleet)))
    for uid, server in fleet.servers.items():
        server.connections = 0 if uid == drained else 6
    await fleet.settled(2)
    await eventually(lambda: drained not in fleet.pods, "the drained pod is still there")
    assert len(await fleet.events("DrainBegan")) == 1


async def test_a_leader_that_ends_gives_the_lease_away_at_once(pair: tuple[Process, Process]) -> None:
    leader, standby = pair
    began = time.monotonic()
    assert leader.end() == 0
    ended = time.monotonic()
    await eventually(standby.leads, "nobody took over", within=TAKEOVER_SECONDS)
    assert time.monotonic() - ended < 8, f"ended after {ended - began:.1f} s, but the lease was kept"


async def test_a_frozen_leader_writes_nothing_when_it_wakes(
    pair: tuple[Process, Process], fleet: Fleet
) -> None:
    leader, standby = pair
    await out_to(fleet, 2, 20)
    leader.popen.send_signal(signal.SIGSTOP)
    await eventually(standby.leads, "nobody took over", within=TAKEOVER_SECONDS)
    lease = await fleet.kube.get(LEASES, "chess-system", "chess-operator")
    assert lease is not None
    leader.popen.send_signal(signal.SIGCONT)
    assert leader.ended() == 1, "a leader that lost its lease must end, and say so by its exit code"
    assert any(line.get("event") == "lost-leadership" for line in leader.lines())
    after = await fleet.kube.get(LEASES, "chess-system", "chess-operator")
    assert after is not None
    assert after["spec"]["holderIdentity"] == lease["spec"]["holderIdentity"]


async def test_without_rights_the_reason_is_logged(control_plane: Path, tmp_path: Path) -> None:
    process = start_operator(control_plane, tmp_path, "--namespace", "Not_A_Name")
    assert process.ended() == 2
    assert "'Not_A_Name' is not a namespace's name" in process.log.read_text()
