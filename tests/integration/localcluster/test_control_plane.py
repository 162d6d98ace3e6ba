"""A control plane alone, as every integration test uses it: real processes, real certificates, real faults."""

import http.client
import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from polling import wait_until

from chess_localcluster import cluster, homes
from chess_localcluster.controlplane import certificates
from chess_localcluster.controlplane.api import Api
from chess_localcluster.paths import Cache, Home
from chess_localcluster.plan import Plan
from chess_localcluster.processes.process import identify
from chess_localcluster.status import CONTROL_PLANE, State, Status, read, recorded_at

pytestmark = pytest.mark.integration

PROGRAM = [sys.executable, "-c", "from chess_localcluster.cli import main; main()"]
KEPT = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "kept"}}


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """One control plane for the tests that leave it well."""
    place = tmp_path_factory.mktemp("shared") / "cluster"
    cluster.up(place, nodes=0)
    api_of(place).apply(KEPT)
    yield place
    cluster.down(place)


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    place = tmp_path / "cluster"
    yield place
    cluster.down(place)


def localcluster(
    home: Path, *arguments: str, before: tuple[str, ...] = ()
) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"LOCALCLUSTER_HOME": str(home)}
    return subprocess.run(
        [*before, *PROGRAM, *arguments],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def plan_of(home: Path) -> Plan:
    return Plan.from_json(Home.at(home).plan.read_text())


def api_of(home: Path) -> Api:
    return Api.of(plan_of(home), Home.at(home).pki)


def status_of(home: Path) -> Status:
    found = read(Home.at(home))
    assert found is not None
    return found


def pids(home: Path) -> dict[str, int]:
    return {found.name: found.pid for found in homes.registry(Home.at(home)).recorded()}


def kill(home: Path, name: str) -> None:
    os.kill(pids(home)[name], signal.SIGKILL)
    wait_until(lambda: not homes.registry(Home.at(home)).alive(name), f"{name} has ended")


def test_up_answers_and_down_leaves_nothing(home: Path) -> None:
    running = cluster.up(home, nodes=0)

    kubectl = [str(Cache.of_user().bin / "kubectl"), "--kubeconfig", str(running.kubeconfig)]
    version = subprocess.run([*kubectl, "version", "-o", "json"], capture_output=True, text=True, check=True)
    assert json.loads(version.stdout)["serverVersion"]["gitVersion"] == "v1.36.3"
    assert running.kubeconfig.stat().st_mode & 0o077 == 0
    assert {found.name for found in homes.registry(Home.at(home)).marked()} >= {"etcd", "kube-apiserver"}

    assert cluster.down(home) is True
    assert not home.exists()
    assert homes.registry(Home.at(home)).marked() == []
    assert cluster.down(home) is False


def test_up_again_changes_nothing(shared: Path) -> None:
    before = pids(shared)
    again = localcluster(shared, "up", "--nodes", "0")
    assert again.returncode == 0
    assert "already running" in again.stdout
    assert pids(shared) == before


def test_nobody_is_let_in_without_a_certificate(shared: Path) -> None:
    stranger = ssl.create_default_context()
    stranger.check_hostname, stranger.verify_mode = False, ssl.CERT_NONE
    with pytest.raises(urllib.error.HTTPError, match="401") as refused:
        urllib.request.urlopen(f"https://127.0.0.1:{plan_of(shared).ports.api}/version", context=stranger)
    refused.value.close()
    with pytest.raises((OSError, http.client.HTTPException)):
        urllib.request.urlopen(f"https://127.0.0.1:{plan_of(shared).ports.etcd}/version", context=stranger)


def test_everything_listens_on_loopback_only(shared: Path) -> None:
    listeners = subprocess.run(
        ["ss", "-Hltnp"], capture_output=True, text=True, check=True
    ).stdout.splitlines()
    ours = [f"pid={pid}," for pid in pids(shared).values()]
    addresses = [line.split()[3] for line in listeners if any(mark in line for mark in ours)]
    assert len(addresses) == 3  # API, etcd's clients, etcd's peers
    assert all(address.startswith("127.0.0.1:") for address in addresses), addresses


def test_two_control_planes_live_side_by_side(shared: Path, home: Path) -> None:
    cluster.up(home, nodes=0)
    assert plan_of(home).ports.api != plan_of(shared).ports.api
    assert api_of(home).get("/api/v1/namespaces/kept") is None
    cluster.down(home)
    assert api_of(shared).get("/api/v1/namespaces/kept") is not None


@pytest.mark.parametrize("victim", CONTROL_PLANE)
def test_up_heals_after_a_component_was_killed(shared: Path, victim: str) -> None:
    kill(shared, victim)
    sick = localcluster(shared, "status")
    assert sick.returncode == 1
    assert f"BAD  {victim}" in sick.stdout

    healed = cluster.up(shared, nodes=0)

    assert list(healed.started) == [victim]
    assert api_of(shared).get("/api/v1/namespaces/kept") is not None
    assert status_of(shared).healthy


@pytest.mark.parametrize("after", [0.6, 2.0])
def test_up_heals_after_up_itself_was_killed(home: Path, after: float) -> None:
    environment = os.environ | {"LOCALCLUSTER_HOME": str(home)}
    with subprocess.Popen(
        [*PROGRAM, "up", "--nodes", "0"], env=environment, stderr=subprocess.DEVNULL
    ) as first:
        time.sleep(after)  # not a wait for something: the moment of death is the case
        first.kill()

    cluster.up(home, nodes=0)

    assert status_of(home).healthy
    marked = {process.pid for process in homes.registry(Home.at(home)).marked()}
    assert marked == set(pids(home).values())


def test_up_renews_what_has_expired_and_starts_again_what_uses_it(shared: Path) -> None:
    pki = Home.at(shared).pki
    before = pids(shared)
    old = datetime.now(UTC) - timedelta(days=400)
    for path in pki.glob("*.crt"):
        path.unlink()
    certificates.ensure(pki, old)
    expired = localcluster(shared, "status")
    assert expired.returncode == 1
    assert "BAD  certificates" in expired.stdout
    assert (
        f"expired on {old + certificates.VALIDITY:%Y-%m-%d}: `localcluster up` renews them" in expired.stdout
    )

    healed = cluster.up(shared, nodes=0)

    assert set(healed.started) == set(CONTROL_PLANE)
    assert set(before.values()).isdisjoint(pids(shared).values())
    assert api_of(shared).get("/api/v1/namespaces/kept") is not None
    assert status_of(shared).healthy
    until = datetime.now(UTC) + certificates.VALIDITY
    assert f"valid until {until:%Y-%m-}" in localcluster(shared, "status").stdout


def test_the_state_is_that_of_the_record_whether_the_api_answers_or_not(home: Path) -> None:
    def state(*before: str) -> str:
        answer = localcluster(home, "status", "--output", "json", before=before)
        return str(json.loads(answer.stdout)["state"])

    nothing = (State.DOWN, State.ELSEWHERE)  # this machine's node may belong to another home meanwhile
    assert state() in nothing
    cluster.up(home, nodes=0)
    assert state() == State.UP
    assert state("env", f"HOME={home}/other", f"XDG_CACHE_HOME={home}/other") == State.UP
    os.kill(pids(home)["kube-apiserver"], signal.SIGSTOP)
    assert state() == State.HANGING
    os.kill(pids(home)["kube-apiserver"], signal.SIGCONT)
    for name in CONTROL_PLANE:
        kill(home, name)
    assert state() == State.STOPPED
    cluster.down(home)
    assert state() in nothing


def test_down_stops_a_cluster_whose_home_somebody_removed(home: Path) -> None:
    cluster.up(home, nodes=0)
    shutil.rmtree(home)
    assert recorded_at(Home.at(home)).state is State.HANGING
    assert cluster.down(home) is True
    assert homes.registry(Home.at(home)).marked() == []
    assert not home.exists()


def test_up_stops_what_an_earlier_one_could_not_record(shared: Path) -> None:
    record = Home.at(shared).run / "kube-scheduler.json"
    lost = pids(shared)["kube-scheduler"]
    record.unlink()

    cluster.up(shared, nodes=0)

    assert pids(shared)["kube-scheduler"] != lost
    marked = {process.pid for process in homes.registry(Home.at(shared)).marked()}
    assert marked == set(pids(shared).values())


def test_a_second_up_beside_the_first_reports_it(home: Path) -> None:
    with homes.locked(Home.at(home), "up"):
        second = localcluster(home, "up", "--nodes", "0")
    assert second.returncode == 1
    assert second.stderr.strip().splitlines() == [
        f"localcluster: up: `localcluster up` (pid {os.getpid()}) is using {home}: wait until it ends"
    ]


def test_a_taken_port_is_named_with_its_holder(home: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        refused = localcluster(home, "up", "--nodes", "0", "--api-port", str(port))
    assert refused.returncode == 1
    assert f"port {port} (kube-apiserver) is taken by pid {os.getpid()} (" in refused.stderr


def test_a_port_taken_after_a_crash_is_named_and_healing_waits(shared: Path) -> None:
    port = plan_of(shared).ports.etcd
    kill(shared, "etcd")
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        wait_until(lambda: _bound(taken, port), f"port {port} is free")
        taken.listen()
        refused = localcluster(shared, "up", "--nodes", "0")
    assert refused.returncode == 1
    assert f"port 127.0.0.1:{port} (etcd) is taken by pid {os.getpid()} (" in refused.stderr
    cluster.up(shared, nodes=0)
    assert status_of(shared).healthy


def _bound(sock: socket.socket, port: int) -> bool:
    try:
        sock.bind(("127.0.0.1", port))
    except OSError:
        return False
    return True


@pytest.mark.skipif(os.geteuid() != 0, reason="without root the node itself is refused first")
def test_another_number_of_nodes_is_refused_with_what_to_do(shared: Path) -> None:
    refused = localcluster(shared, "up", "--nodes", "1")
    assert refused.returncode == 1
    assert "has 0 nodes: `localcluster down` before `up --nodes 1`" in refused.stderr


def test_a_node_without_root_is_refused(home: Path) -> None:
    refused = localcluster(home, "up", "--nodes", "1", before=("unshare", "--user"))
    assert refused.returncode == 1
    assert refused.stderr.strip().splitlines() == [
        "localcluster: up --nodes 1 needs root (bridge, mounts, control groups); --nodes 0 does not"
    ]


@pytest.mark.skipif(os.geteuid() != 0, reason="a small file system takes a mount, and that root")
def test_too_little_disk_is_reported_before_anything_starts(tmp_path: Path) -> None:
    small = tmp_path / "small"
    small.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=32m", "tmpfs", str(small)], check=True)
    try:
        refused = localcluster(small, "up", "--nodes", "0")
        assert refused.returncode == 1
        assert "too little disk: a cluster takes 1.1 GB under" in refused.stderr
        assert not (small / "run").exists()
    finally:
        subprocess.run(["umount", str(small)], check=True)


def test_a_stranger_with_a_recorded_pid_is_left_alone(home: Path) -> None:
    registry = homes.registry(Home.at(home))
    with subprocess.Popen(["sleep", "60"]) as stranger:
        began = identify("etcd", stranger.pid)
        assert began is not None
        with homes.locked(Home.at(home), "up"):
            registry.run.mkdir()
        earlier = {"name": "etcd", "pid": stranger.pid, "start": began.start - 1}
        (registry.run / "etcd.json").write_text(json.dumps(earlier))
        cluster.down(home)
        assert stranger.poll() is None
        stranger.kill()
    assert not home.exists()


def test_what_is_not_there_is_reported_in_one_line(home: Path, shared: Path) -> None:
    for arguments in (["status"], ["kubeconfig"], ["logs", "etcd"], ["kubectl", "get", "ns"]):
        refused = localcluster(home, *arguments)
        assert refused.returncode == 1
        assert refused.stderr.strip() == f"localcluster: no cluster at {home}: `localcluster up` makes one"
    refused = localcluster(shared, "logs", "kublet")
    assert refused.returncode == 1
    assert "component 'kublet': unknown; these have a log: etcd, kube-apiserver" in refused.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can act as another user")
@pytest.mark.parametrize(
    "mode, said",
    [
        pytest.param(0o700, "permission denied", id="a closed directory"),
        pytest.param(0o755, "belongs to user root: run this as root", id="a home that is seen"),
    ],
)
def test_the_cluster_of_another_user_is_reported_in_one_line(mode: int, said: str) -> None:
    nobody = ("setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", "--")
    if subprocess.run([*nobody, *PROGRAM, "--version"], capture_output=True, check=False).returncode:
        pytest.skip("another user cannot run this Python")
    with tempfile.TemporaryDirectory() as above:  # not below pytest's own directory, which it closes
        home = Path(above) / "home"
        with homes.locked(Home.at(home), "up"):
            Path(above).chmod(mode)
        for arguments in (["status"], ["kubeconfig"], ["up", "--nodes", "0"], ["down"]):
            refused = localcluster(home, *arguments, before=nobody)
            assert refused.returncode == 1
            (line,) = refused.stderr.strip().splitlines()
            assert said in line.lower()


def test_status_as_json_names_every_part(shared: Path) -> None:
    answer = localcluster(shared, "status", "--output", "json")
    assert answer.returncode == 0, answer.stdout
    document = json.loads(answer.stdout)
    assert document["healthy"] is True
    assert {part["name"] for part in document["parts"]} == {*CONTROL_PLANE, "API", "certificates"}
    assert (document["state"], document["home"]) == ("up", str(shared))
