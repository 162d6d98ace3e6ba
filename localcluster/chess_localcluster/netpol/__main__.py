"""Watches pods, namespaces and policies, and replaces the table when it changes.

Traffic of the node itself (kubelet's probes, NodePorts) is never blocked, as Kubernetes requires.
"""

import logging
import os
import sys
import threading
import time
from pathlib import Path

from chess_localcluster.controlplane.api import Api
from chess_localcluster.controlplane.objects import STORE_PORTS, STORES_NAMESPACE
from chess_localcluster.errors import ClusterError
from chess_localcluster.machine.commands import run
from chess_localcluster.netpol import model, rules, verdicts
from chess_localcluster.netpol.model import Pod
from chess_localcluster.paths import Home
from chess_localcluster.plan import BRIDGE_ADDRESS, Plan

WATCHED = ("/api/v1/pods", "/api/v1/namespaces", "/apis/networking.k8s.io/v1/networkpolicies")
BURST_SECONDS = 0.05  # a burst of events is one change
RETRY_SECONDS = 1.0
log = logging.getLogger("netpol")

# in another cluster these would be pods, and policies select them as pods
ON_THE_BRIDGE = (
    Pod(namespace="kube-system", labels={"k8s-app": "kube-dns"}, ip=BRIDGE_ADDRESS, ports={}),
    *(
        Pod(namespace=STORES_NAMESPACE, labels={"app": name}, ip=BRIDGE_ADDRESS, ports={})
        for name in STORE_PORTS
    ),
)


def main() -> None:
    """Enforce until killed."""
    if len(sys.argv) != 2:  # noqa: PLR2004 - the program and its one argument
        sys.exit("usage: python -m chess_localcluster.netpol HOME")
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", stream=sys.stdout)
    home = Home.at(Path(sys.argv[1]))
    plan = Plan.from_json(home.plan.read_text())
    api = Api.of(plan, home.pki, identity="netpol")
    changed = threading.Event()
    for path in WATCHED:
        threading.Thread(target=_watch, args=(api, path, changed), daemon=True).start()
    _enforce(api, changed)


def _watch(api: Api, path: str, changed: threading.Event) -> None:
    """Wake the enforcer at every event; the first one shows that the watch has begun."""
    while True:
        try:
            for _ in api.watch(path):
                changed.set()
        except (OSError, ValueError, ClusterError) as error:
            log.info("watch of %s ended: %s", path, error)
            time.sleep(RETRY_SECONDS)


def _enforce(api: Api, changed: threading.Event) -> None:
    current = ""
    while changed.wait():
        time.sleep(BURST_SECONDS)
        changed.clear()
        try:
            wanted = _table(api)
            if wanted != current:
                run("nft", "-f", "-", stdin=wanted)
                current = wanted
        except (OSError, ValueError, ClusterError) as error:
            log.info("table not replaced: %s", error)
            time.sleep(RETRY_SECONDS)
            changed.set()


def _table(api: Api) -> str:
    pods, namespaces, policies = (api.items(path) for path in WATCHED)
    snapshot = verdicts.Snapshot(
        pods=(*ON_THE_BRIDGE, *model.read_pods(pods)),
        namespaces=model.read_namespaces(namespaces),
        policies=model.read_policies(policies),
    )
    node = {BRIDGE_ADDRESS}  # the node itself is never isolated
    into, out = verdicts.ingress(snapshot), verdicts.egress(snapshot)
    return rules.table(
        {ip: allowed for ip, allowed in into.items() if ip not in node},
        {ip: allowed for ip, allowed in out.items() if ip not in node},
    )


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        os._exit(0)
