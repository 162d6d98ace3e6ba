"""What a pod finds on the local node, seen from inside and from this machine."""

import errno
import json
import subprocess
import sys
import urllib.request
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from local_node import Namespace, pod
from polling import wait_until

from chess_localcluster.node import images
from chess_localcluster.paths import Cache, Home
from chess_localcluster.plan import API_SERVICE, BRIDGE_ADDRESS, DNS_SERVICE, Plan
from chess_localcluster.progress import Silent

pytestmark = pytest.mark.cluster

SERVER = (
    "import http.server, functools, socketserver;"
    "socketserver.ThreadingTCPServer.allow_reuse_address = True;"
    "http.server.ThreadingHTTPServer(('', 8080), functools.partial("
    "http.server.SimpleHTTPRequestHandler, directory='/etc')).serve_forever()"
)
PROBE = {"httpGet": {"path": "/hostname", "port": 8080}, "periodSeconds": 1}


@pytest.fixture(scope="module")
def web(namespace: Namespace) -> Namespace:
    """A pod that serves, and a Service with a NodePort before it."""
    namespace.apply(
        pod("web", SERVER, ports=[{"containerPort": 8080}], readinessProbe=PROBE, livenessProbe=PROBE)
    )
    ports = [{"port": 80, "targetPort": 8080}]
    namespace.apply(
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": "web"},
            "spec": {"type": "NodePort", "selector": {"app": "web"}, "ports": ports},
        }
    )
    namespace.kubectl("wait", "--for=condition=Ready", "pod/web", "--timeout=120s")
    return namespace


def node_port(namespace: Namespace) -> int:
    return int(namespace.get("services/web")["spec"]["ports"][0]["nodePort"])


def fetch(address: str) -> str:
    try:
        with urllib.request.urlopen(f"http://{address}/hostname", timeout=5) as answer:
            return str(answer.read().decode().strip())
    except OSError as error:
        return str(error)


def test_a_restricted_pod_is_ready_and_reached_on_127_0_0_1(web: Namespace) -> None:
    wait_until(lambda: fetch(f"127.0.0.1:{node_port(web)}") == "web", "the NodePort answers")


def test_pods_reach_services_by_name(web: Namespace) -> None:
    # by the longer name: a pod's own short name is in its /etc/hosts
    address = f"http://web.{web.name}.svc/hostname"
    code = f"import urllib.request as u; print(u.urlopen('{address}', timeout=5).read().decode())"
    assert web.python("web", code) == "web"


def test_exec_and_logs_work(web: Namespace) -> None:
    assert web.python("web", "import os; print(os.getuid())") == "10001"
    assert "GET /hostname" in web.kubectl("logs", "web")


def test_an_unknown_name_is_refused_at_once(web: Namespace) -> None:
    code = (
        "import socket, time\nbegan = time.monotonic()\n"
        "try: socket.getaddrinfo('nothing.invalid', 80)\n"
        "except socket.gaierror: print(time.monotonic() - began < 2)"
    )
    assert web.python("web", code) == "True"


@pytest.fixture
def outsider() -> Iterator[str]:
    """A host of its own beside this machine, which it knows by another address than loopback and bridge."""
    run = ["ip", "netns", "exec", "lc-outsider"]
    commands = (
        ["ip", "netns", "add", "lc-outsider"],
        ["ip", "link", "add", "lcout0", "type", "veth", "peer", "name", "eth0", "netns", "lc-outsider"],
        ["ip", "address", "add", "10.89.0.1/30", "dev", "lcout0"],
        ["ip", "link", "set", "lcout0", "up"],
        [*run, "ip", "address", "add", "10.89.0.2/30", "dev", "eth0"],
        [*run, "ip", "link", "set", "eth0", "up"],
    )
    try:
        for command in commands:
            subprocess.run(command, check=True)
        yield "10.89.0.1"
    finally:
        subprocess.run(["ip", "netns", "delete", "lc-outsider"], check=False)
        subprocess.run(["ip", "link", "delete", "lcout0"], check=False, capture_output=True)


def test_players_enter_by_loopback_and_nobody_from_another_network(web: Namespace, outsider: str) -> None:
    port = node_port(web)
    code = f"import socket; print(socket.socket().connect_ex(('{outsider}', {port})))"
    reach = ["ip", "netns", "exec", "lc-outsider", sys.executable, "-c", code]
    tried = subprocess.run(reach, check=True, capture_output=True, text=True)
    assert int(tried.stdout) == errno.ECONNREFUSED  # answered, and by a no: the way there is open
    assert fetch(f"127.0.0.1:{port}") == "web"
    assert fetch(f"{BRIDGE_ADDRESS}:{port}") == "web"


def test_a_neighbour_with_a_route_to_the_bridge_reaches_nothing(
    web: Namespace, home: Home, outsider: str
) -> None:
    within = ["ip", "netns", "exec", "lc-outsider"]
    subprocess.run([*within, "ip", "route", "add", "default", "via", outsider], check=True)
    plan = Plan.from_json(home.plan.read_text())
    bridge = [(BRIDGE_ADDRESS, port) for port in (53, 5432, 6379, 10250, plan.ports.api, node_port(web))]
    pod_address = web.get("pods/web")["status"]["podIP"]
    services = [(DNS_SERVICE, 53), (API_SERVICE, 443), (web.get("services/web")["spec"]["clusterIP"], 80)]
    targets = [*bridge, (pod_address, 8080), *services]
    code = (
        "import json, socket, sys\n"
        "def answers(target):\n"
        "    with socket.socket() as one:\n"
        "        one.settimeout(1)\n"
        "        try: one.connect(tuple(target)); return True\n"
        "        except TimeoutError: return False\n"
        f"print([target for target in {targets!r} if answers(target)])"
    )
    tried = subprocess.run([*within, sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert tried.stdout.strip() == "[]"
    assert fetch(f"{pod_address}:8080") == "web"


def test_the_memory_limit_is_enforced(namespace: Namespace) -> None:
    namespace.apply(pod("greedy", "import time; kept = b'x' * (200 << 20); time.sleep(60)"))

    def reason() -> str:
        found = namespace.get("pods/greedy")["status"].get("containerStatuses", [{}])[0].get("state", {})
        return str(found.get("terminated", {}).get("reason", ""))

    wait_until(lambda: reason() == "OOMKilled", reason)


def test_an_image_that_cannot_be_pulled_is_reported_soon(namespace: Namespace) -> None:
    namespace.apply(pod("nowhere", "", image="registry.invalid/nothing:1"))

    def reason() -> str:
        statuses = namespace.get("pods/nowhere")["status"].get("containerStatuses", [{}])
        return str(statuses[0].get("state", {}).get("waiting", {}).get("reason", ""))

    wait_until(lambda: reason() in ("ErrImagePull", "ImagePullBackOff"), reason, within=60)


@pytest.mark.parametrize("url", ["redis.url", "redis.host.url"])
def test_redis_is_reached_by_its_url_with_password(web: Namespace, home: Home, url: str) -> None:
    text = (home.stores / url).read_text().strip()
    secret, _, place = text.removeprefix("redis://:").partition("@")
    host, _, port = place.removesuffix("/0").partition(":")
    code = (
        f"import socket; s = socket.create_connection(('{host}', {port}), 3);"
        f"s.sendall(b'AUTH {secret}\\r\\nPING\\r\\n'); print(s.recv(99).decode().split())"
    )
    assert web.python("web", code) in ("['+OK', '+PONG']", "['+OK']")


def test_an_image_goes_to_the_node_only_when_it_has_changed(
    namespace: Namespace, home: Home, tmp_path: Path
) -> None:
    (tmp_path / "Dockerfile").write_text("ARG BASE\nFROM ${BASE}\nCOPY word /word\nUSER 10001\n")
    fresh, words = [], []
    unheard = uuid.uuid4().hex  # an earlier run may have built the same words
    for number, word in enumerate([f"e4 {unheard}", f"e4 {unheard}", f"d4 {unheard}"]):
        (tmp_path / "word").write_text(word)
        built = images.build_and_load(home, Cache.of_user(), tmp_path, Silent(), tag="localcluster-test:dev")
        fresh.append(built.fresh)
        namespace.apply(pod(f"word-{number}", "print(open('/word').read())", image="localcluster-test:dev"))
        namespace.kubectl(
            "wait", "--for=jsonpath={.status.phase}=Succeeded", f"pod/word-{number}", "--timeout=120s"
        )
        words.append(namespace.kubectl("logs", f"word-{number}").strip())
    assert fresh == [True, False, True]
    assert [word.split()[0] for word in words] == ["e4", "e4", "d4"]


def test_every_listener_is_on_loopback_or_the_bridge(home: Home) -> None:
    ours = {json.loads(path.read_text())["pid"] for path in home.run.glob("*.json")}
    listeners = subprocess.run(
        ["ss", "-Hltunp"], capture_output=True, text=True, check=True
    ).stdout.splitlines()
    addresses = {line.split()[4] for line in listeners if any(f"pid={number}," in line for number in ours)}
    assert len(addresses) >= 10
    assert {
        address for address in addresses if not address.startswith(("127.0.0.1:", f"{BRIDGE_ADDRESS}:"))
    } == set()
