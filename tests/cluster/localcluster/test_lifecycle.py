"""The whole life of the node: healed after every death, gone without a trace. Runs last: it takes the cluster down."""

import json
import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from local_node import load_base, make_namespace, pod
from polling import wait_until

from chess_localcluster import cluster, homes
from chess_localcluster.controlplane import certificates
from chess_localcluster.images import dockerfile
from chess_localcluster.node import containers
from chess_localcluster.paths import Cache, Home
from chess_localcluster.status import CONTROL_PLANE, NODE, read

pytestmark = pytest.mark.cluster

PROGRAM = [sys.executable, "-c", "from chess_localcluster.cli import main; main()"]
ROOT = Path(__file__).parents[3]


def kill(home: Home, *names: str) -> None:
    registry = homes.registry(home)
    for name in names:
        found = registry.find(name)
        assert found is not None
        os.kill(found.pid, signal.SIGKILL)
    wait_until(lambda: not any(registry.alive(name) for name in names), f"{names} have ended")


def ailing(home: Home) -> list[str]:
    found = read(home)
    assert found is not None
    return [f"{part.name}: {part.detail}" for part in found.parts if not part.healthy]


def test_up_heals_after_everything_was_killed_and_pods_live_on(home: Home) -> None:
    load_base(home)
    namespace = make_namespace(home, "lc-lifecycle")
    namespace.apply(pod("survivor", "import time; time.sleep(600)"))
    namespace.kubectl("wait", "--for=condition=Ready", "pod/survivor", "--timeout=120s")
    victims = [name for name in (*CONTROL_PLANE, *NODE) if name != "postgres"]

    kill(home, *victims)
    sick = subprocess.run([*PROGRAM, "status"], capture_output=True, text=True, check=False)
    assert sick.returncode == 1
    assert {line.split()[1] for line in sick.stdout.splitlines() if line.startswith("BAD")} >= set(victims)

    healed = cluster.up(nodes=1)

    assert set(healed.started) == set(victims)
    assert ailing(home) == []
    assert namespace.python("survivor", "print('alive')") == "alive"
    namespace.apply(pod("newcomer", "print('hello')"))
    namespace.kubectl("wait", "--for=jsonpath={.status.phase}=Succeeded", "pod/newcomer", "--timeout=120s")
    assert namespace.get("pods/survivor")["status"]["containerStatuses"][0]["restartCount"] == 0
    namespace.kubectl("delete", "namespace", namespace.name)


def test_up_renews_expired_certificates_and_pods_live_on(home: Home) -> None:
    load_base(home)
    namespace = make_namespace(home, "lc-lifecycle")
    namespace.apply(pod("old", "import time; time.sleep(600)"))
    namespace.kubectl("wait", "--for=condition=Ready", "pod/old", "--timeout=120s")
    before = {name: homes.registry(home).find(name) for name in (*CONTROL_PLANE, *NODE)}
    for path in home.pki.glob("*.crt"):
        path.unlink()
    certificates.ensure(home.pki, datetime.now(UTC) - timedelta(days=400))

    renewed = cluster.up(nodes=1)

    assert set(renewed.started) == set(cluster.CERTIFIED)
    assert ailing(home) == []
    kept = [name for name, process in before.items() if process == homes.registry(home).find(name)]
    assert set(kept) == {"containerd", "logrotate", "redis", "postgres"}
    assert namespace.python("old", "print('alive')") == "alive"
    assert namespace.get("pods/old")["status"]["containerStatuses"][0]["restartCount"] == 0
    namespace.kubectl("delete", "namespace", namespace.name)


def test_another_home_cannot_have_the_node_meanwhile(home: Home, tmp_path: Path) -> None:
    refused = subprocess.run(
        [*PROGRAM, "up", "--home", str(tmp_path / "other")], capture_output=True, text=True, check=False
    )
    assert refused.returncode == 1
    assert f"this machine's node belongs to the cluster at {home.root}" in refused.stderr
    cluster.down(tmp_path / "other")
    assert ailing(home) == []


def traces() -> dict[str, list[str]]:
    """What a cluster could leave on a machine, as far as others do not change it meanwhile."""
    mounts = [line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    groups = [str(path) for path in Path("/sys/fs/cgroup").glob("*/localcluster*")]
    places = (
        "/run/containerd",
        "/run/netns",
        "/var/run/netns",
        "/var/lib/cni",
        "/var/log/containers",
        "/var/lib/kubelet",
    )
    return {
        "links": [link["ifname"] for link in json.loads(_printed("ip", "-json", "link"))],
        "rules": _printed("nft", "list", "ruleset").splitlines(),
        "mounts": [point for point in mounts if "pytest" not in point],
        "groups": groups + [str(path) for path in Path("/sys/fs/cgroup").glob("localcluster*")],
        "files": [place for place in places if Path(place).exists() and any(Path(place).iterdir())],
        "sysctls": [
            _printed("sysctl", "net.ipv4.ip_forward", "net.ipv4.conf.all.route_localnet", "kernel.panic")
        ],
        "processes": [found.name for found in homes.registry(Home.at(None)).marked()],
    }


def _printed(*argv: str) -> str:
    return subprocess.run(argv, capture_output=True, text=True, check=True).stdout


def test_a_fresh_up_has_the_project_s_image_again(home: Home) -> None:
    cluster.down()
    cluster.up(nodes=1, image=ROOT)
    assert ailing(home) == []
    assert dockerfile.full_name(dockerfile.TAG) in containers.names(home, Cache.of_user())


def test_down_leaves_nothing_even_of_an_up_that_was_killed(home: Home) -> None:
    cluster.down()
    clean = traces()
    assert clean["processes"] == []
    assert "/run/containerd" not in clean["files"]  # pods have run here before

    with subprocess.Popen([*PROGRAM, "up"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as first:
        wait_until(lambda: homes.registry(home).alive("kube-apiserver"), "the API server runs")
        first.kill()
    began = time.monotonic()
    cluster.up(nodes=1)
    took = time.monotonic() - began
    assert ailing(home) == []
    assert took < 30

    load_base(home)
    namespace = make_namespace(home, "lc-lifecycle")
    namespace.apply(pod("left-running", "import time; time.sleep(600)"))
    namespace.kubectl("wait", "--for=condition=Ready", "pod/left-running", "--timeout=120s")
    busy = traces()
    assert "lcbr0" in busy["links"]
    assert "localcluster" in " ".join(busy["groups"])

    for number in range(6):
        namespace.apply(pod(f"coming-{number}", "import time; time.sleep(600)"))
    namespace.kubectl("delete", "pod/left-running", "--grace-period=0", "--wait=false")
    cluster.down()  # amid pods that come and one that goes

    assert traces() == clean
    assert not home.root.exists()
