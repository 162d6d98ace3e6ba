"""`up` and `down`: what happens, in order. Each step does only what is missing, so `up` also repairs a cluster."""

import json
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from chess_localcluster import homes
from chess_localcluster.build import binaries, golang, packages
from chess_localcluster.controlplane import certificates, kubeconfigs, objects
from chess_localcluster.controlplane.api import Api
from chess_localcluster.controlplane.components import control_plane, scheduler_configuration
from chess_localcluster.errors import ClusterError
from chess_localcluster.images import dockerfile
from chess_localcluster.machine import files, ports
from chess_localcluster.node import images, lifecycle, network
from chess_localcluster.paths import Cache, Home
from chess_localcluster.plan import Plan
from chess_localcluster.preflight import look
from chess_localcluster.processes import launch
from chess_localcluster.processes.process import stop
from chess_localcluster.processes.registry import Registry
from chess_localcluster.progress import Progress, Silent
from chess_localcluster.stores import managed

EVERYWHERE = "0.0.0.0"  # noqa: S104 - only checked for a free port, never listened on
USUAL_API_PORT = 6443  # NetworkPolicies of other projects expect it
STORES = managed.NAMES
CONTROL_PLANE = ("kube-scheduler", "kube-controller-manager", "kube-apiserver", "etcd")
CERTIFIED = ("kubelet", "kube-proxy", "netpol", "coredns", *CONTROL_PLANE)
CLIENTS = ("kube-controller-manager", "kube-scheduler", "kube-proxy", "coredns", "netpol", "kubelet")


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningCluster:
    """A cluster that answers."""

    home: Path
    kubeconfig: Path
    api_url: str
    nodes: int
    started: Sequence[str]
    seconds: float


def up(
    home: Path | None = None,
    nodes: int = 1,
    progress: Progress | None = None,
    *,
    api_port: int | None = None,
    image: Path | None = None,
) -> RunningCluster:
    """Start a cluster, or the parts of it that do not run; build the image of the directory `image` for its node."""
    place, shown, began = Home.at(home), progress or Silent(), time.monotonic()
    if nodes and not network.is_root():
        raise ClusterError("up --nodes 1 needs root (bridge, mounts, control groups); --nodes 0 does not")
    if image:
        _check_image(nodes, image)
    with homes.locked(place, "up"):
        cache, registry = Cache.of_user(), homes.registry(place)
        if idle := not registry.marked():
            _require_ready(place, cache, nodes, shown)
        plan = _settle_plan(place, nodes, api_port)
        installed = _provide(cache, nodes, shown, image)
        if idle and installed:  # what they bring was needed to look at the rest
            _require_ready(place, cache, nodes, shown)
        launch.stop_unrecorded(registry)
        started = _start_missing(plan, place, cache, registry, shown)
        if image:
            images.build_and_load(place, cache, image, shown)
    return RunningCluster(
        home=place.root,
        kubeconfig=place.kubeconfig,
        api_url=plan.api_url,
        nodes=plan.nodes,
        started=started,
        seconds=time.monotonic() - began,
    )


def _check_image(nodes: int, image: Path) -> None:
    """Refuse before anything is started."""
    if not nodes:
        raise ClusterError("--image needs a node; use --nodes 1")
    dockerfile.require_dockerfile(image)


def _require_ready(home: Home, cache: Cache, nodes: int, progress: Progress) -> None:
    """Look at the machine before anything on it is changed; a refused cluster leaves no home behind."""
    fresh = not home.pki.exists()
    try:
        look.require(home, cache, nodes, progress)
    except ClusterError:
        if fresh:
            homes.remove(home)
        raise


def _provide(cache: Cache, nodes: int, progress: Progress, image: Path | None) -> list[str]:
    """Provide programs and image; return which packages were installed.

    The long compilation runs beside what waits for the network.
    """
    if not nodes:
        binaries.ensure(cache, (binaries.KUBE,), progress)
        return []
    golang.ensure(cache, progress)
    with ThreadPoolExecutor() as pool:
        kubernetes = pool.submit(binaries.ensure, cache, (binaries.KUBE, binaries.SHIM), progress)
        installed = packages.ensure(progress)
        binaries.ensure(cache, (binaries.RUNC,), progress)
        if image:
            dockerfile.build(cache, image, progress)
        kubernetes.result()
    return installed


def _settle_plan(home: Home, nodes: int, api_port: int | None) -> Plan:
    """Return the plan; that of an existing cluster stays, because kubeconfigs hold its ports."""
    if home.plan.exists():
        plan = Plan.from_json(home.plan.read_text())
        if plan.nodes != nodes:
            raise ClusterError(
                f"the cluster at {home.root} has {plan.nodes} nodes: `localcluster down` before `up --nodes {nodes}`"
            )
        return plan
    if api_port and not ports.is_free(EVERYWHERE, api_port):
        raise ClusterError(
            f"port {api_port} (kube-apiserver) is taken by {ports.holder(api_port)}: choose another --api-port"
        )
    if nodes and not api_port and ports.is_free(EVERYWHERE, USUAL_API_PORT):
        api_port = USUAL_API_PORT
    plan = Plan(home=home.root, nodes=nodes, ports=ports.free_ports(api_port))
    files.write(home.plan, plan.to_json(), 0o644)
    return plan


def _start_missing(plan: Plan, home: Home, cache: Cache, registry: Registry, progress: Progress) -> list[str]:
    if renewed := certificates.ensure(home.pki):
        progress.line(f"==> {len(renewed)} certificates renewed; what uses them starts again")
        registry.stop(CERTIFIED, grace_seconds=3.0)
    _write_configuration(plan, home)
    if not plan.nodes:
        return _start_control_plane(plan, home, cache, registry, progress)
    first = lifecycle.prepare(plan, home, cache, registry)
    with ThreadPoolExecutor() as pool:
        beside = pool.submit(_start_stores, home, registry, progress)
        control = _start_control_plane(plan, home, cache, registry, progress)
        return [*first, *control, *lifecycle.start(plan, home, cache, registry, progress), *beside.result()]


def _start_stores(home: Home, registry: Registry, progress: Progress) -> list[str]:
    with progress.stage("Redis and PostgreSQL"):
        return managed.ensure(home, registry)


def _start_control_plane(
    plan: Plan, home: Home, cache: Cache, registry: Registry, progress: Progress
) -> list[str]:
    api = Api.of(plan, home.pki)
    with progress.stage("control plane"):
        etcd, apiserver, *clients = control_plane(plan, home)
        served = launch.start_missing([etcd, apiserver], registry, cache.bin)
        launch.wait_for("the API server", api.ready, [etcd.name, apiserver.name], registry)
        api.apply_all(objects.rights())
        # not earlier: the controller manager ends if the API server takes longer than ten seconds
        started = launch.start_missing(clients, registry, cache.bin)
        names = [component.name for component in clients]
        launch.wait_for("the controllers", lambda: _controllers_work(api), names, registry)
    return [*served, *started]


def _write_configuration(plan: Plan, home: Home) -> None:
    home.conf.mkdir(exist_ok=True, mode=0o700)
    files.write(home.kubeconfig, json.dumps(kubeconfigs.administrator(plan, home.pki), indent=2))
    for name in CLIENTS:
        path = home.conf / f"{name}.kubeconfig"
        files.write(path, json.dumps(kubeconfigs.component(plan, home.pki, name)))
    files.write(home.conf / "kube-scheduler.json", json.dumps(scheduler_configuration(home)))


def _controllers_work(api: Api) -> bool:
    """Return whether the default service account is there: pods need it, and the controller manager makes it."""
    return api.get("/api/v1/namespaces/default/serviceaccounts/default") is not None


def down(home: Path | None = None, progress: Progress | None = None) -> bool:
    """Stop what `up` started and remove the home; return whether there was anything."""
    place, shown = Home.at(home), progress or Silent()
    registry = homes.registry(place)
    if not place.root.exists() and not registry.marked():
        return False
    with homes.locked(place, "down"):
        if network.is_root() and network.owned(place):
            with shown.stage("removing the node"):
                lifecycle.remove(place, registry)
        elif network.is_root() and network.has_had(place) and network.owner() is None:
            lifecycle.remove_files(place)  # all else went when the machine was restarted
        with shown.stage("stopping the control plane"):
            # without grace: all that they would still write is removed next
            registry.stop([*STORES, *CONTROL_PLANE], grace_seconds=0.0)
            stop([*registry.recorded(), *registry.marked()], grace_seconds=1.0)
        homes.remove(place)
    return True
