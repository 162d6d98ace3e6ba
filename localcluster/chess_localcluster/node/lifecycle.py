"""The one node of the machine: how it starts beside the control plane, and how it is removed without a trace."""

import contextlib
import json
import shutil
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from chess_localcluster.controlplane import objects
from chess_localcluster.controlplane.api import Api
from chess_localcluster.errors import ClusterError
from chess_localcluster.machine import files, kubernetes, mounts
from chess_localcluster.machine.polling import wait_until
from chess_localcluster.node import cgroups, config, containers, network
from chess_localcluster.paths import Cache, Home
from chess_localcluster.plan import NODE_NAME, Plan
from chess_localcluster.processes import launch
from chess_localcluster.processes.component import Component
from chess_localcluster.processes.process import stop
from chess_localcluster.processes.registry import Registry
from chess_localcluster.progress import Progress

RESOLV_CONF = Path("/etc/resolv.conf")
# kubelet, the CNI library and the shims keep files here, and no setting changes where
POD_LOG_LINKS = Path("/var/log/containers")
CNI_RESULTS = Path("/var/lib/cni/results")
RUNC = "runc"
SHIM_SECONDS = 10.0
SHIM_SOCKETS = Path("/run/containerd/s")
RUNC_STATES = Path("/run/containerd/runc")
KUBELETS = "k8s.io"  # containerd's namespace of pods
CLIENTS = ("kubelet", "kube-proxy", "netpol", "coredns", "logrotate")


def prepare(plan: Plan, home: Home, cache: Cache, registry: Registry) -> list[str]:
    """Prepare what needs no API server: network, control groups, containerd."""
    network.claim(home)
    network.ensure(plan, home)
    cgroups.ensure()
    _write_files(plan, home, cache)
    return launch.start_missing([config.containerd(home, cache)], registry, cache.bin)


def _write_files(plan: Plan, home: Home, cache: Cache) -> None:
    home.node.mkdir(exist_ok=True, mode=0o711)
    resolvers = config.parse_resolvers(RESOLV_CONF.read_text() if RESOLV_CONF.exists() else "")
    for name, text in config.files(plan, home, cache, resolvers).items():
        files.write(home.conf / name, text, 0o644)


def start(plan: Plan, home: Home, cache: Cache, registry: Registry, progress: Progress) -> list[str]:
    """Start the node's components and wait until the node is Ready."""
    api = Api.of(plan, home.pki)
    with progress.stage("node"):
        launch.wait_for("containerd", lambda: containers.answers(home, cache), ["containerd"], registry)
        containers.ensure_pause(home, cache, progress)
        components = config.node_components(plan, home)
        begun = datetime.now(UTC).replace(microsecond=0)
        started = launch.start_missing(components, registry, cache.bin)
        since = begun if "kubelet" in started else None
        api.apply_all([*objects.dns(), *objects.stores()])
        names = _names(components)
        launch.wait_for("the node", lambda: is_ready(api, since), names, registry)
        launch.wait_for("kubelet's list of pods", lambda: knows_its_pods(api), names, registry)
        launch.wait_for("enforcement of NetworkPolicies", network.policies_enforced, names, registry)
    return started


def _names(components: list[Component]) -> list[str]:
    return [component.name for component in components]


def is_ready(api: Api, since: datetime | None = None) -> bool:
    """Return whether the node is Ready for pods.

    `since` leaves out what an earlier kubelet reported: a new one may find that the node is not Ready yet.
    """
    node = api.get(f"/api/v1/nodes/{NODE_NAME}") or {}
    ready = [found for found in node.get("status", {}).get("conditions", []) if found["type"] == "Ready"]
    return any(
        found["status"] == "True"
        and (since is None or datetime.fromisoformat(found["lastHeartbeatTime"]) >= since)
        for found in ready
    )


def knows_its_pods(api: Api) -> bool:
    """Return whether kubelet knows its pods: after a restart the node is still Ready, but `exec` fails at first."""
    pods = api.items(f"/api/v1/pods?fieldSelector=spec.nodeName={NODE_NAME},status.phase=Running")
    try:
        known = api.items(f"/api/v1/nodes/{NODE_NAME}/proxy/pods")
    except ClusterError:  # the API server answers so while kubelet does not listen yet
        return False
    return _uids(pods) <= _uids(known)


def _uids(pods: list[dict[str, Any]]) -> set[str]:
    return {pod["metadata"]["uid"] for pod in pods if "deletionTimestamp" not in pod["metadata"]}


def remove(home: Home, registry: Registry) -> None:
    """Stop the node's processes and pods; remove its mounts, links, network and control groups."""
    # containerd goes first and at once: it would tidy up after what ends, and be cut off amid it
    registry.stop(["containerd"], grace_seconds=0.0)
    registry.stop(CLIENTS, grace_seconds=2.0)
    cgroups.remove()
    wait_until(partial(_stop_shims, registry), SHIM_SECONDS)
    remove_files(home)
    mounts.remove_below(home.root)
    network.remove(home, with_kube_proxys=not kubernetes.others())


def _stop_shims(registry: Registry) -> bool:
    """Kill the shims and what they run; return whether none was left: one may start another meanwhile."""
    found = [process for process in registry.marked() if process.name.startswith((launch.SHIM, RUNC))]
    stop(found, grace_seconds=0.0)
    return not found


def remove_files(home: Home) -> None:
    """Remove this node's files from shared directories, and those directories that are empty afterwards."""
    links = (link for link in POD_LOG_LINKS.glob("*") if link.is_symlink())
    ours = [link for link in links if link.readlink().is_relative_to(home.root)]
    for path in [*ours, *CNI_RESULTS.glob(f"{config.CNI_NETWORK}-*"), *_shim_sockets(home)]:
        path.unlink(missing_ok=True)
    states = [RUNC_STATES / bundle.parent.name / bundle.name for bundle in _bundles(home)]
    for state in states:
        shutil.rmtree(state, ignore_errors=True)
    shims = (SHIM_SOCKETS, RUNC_STATES / KUBELETS, RUNC_STATES, SHIM_SOCKETS.parent)
    for directory in (POD_LOG_LINKS, CNI_RESULTS, CNI_RESULTS.parent, *shims):
        with contextlib.suppress(OSError):
            directory.rmdir()


def _shim_sockets(home: Home) -> list[Path]:
    """Return the shims' sockets, whose addresses are in the containers' directories."""
    found = (bundle / "bootstrap.json" for bundle in _bundles(home))
    addresses = (json.loads(path.read_text())["address"] for path in found if path.exists())
    return [Path(address.removeprefix("unix://")) for address in addresses]


def _bundles(home: Home) -> list[Path]:
    """Return the directories of the containers that ran at the end, by namespace and id."""
    return list((home.node / "containerd-state").glob("io.containerd.runtime.v2.task/*/*"))
