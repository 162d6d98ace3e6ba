"""Starts and stops Argo CD and its Git server. Like `up`, starting does only what is missing."""

import json
import os
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

from chess_localcluster import homes
from chess_localcluster.argocd import plan
from chess_localcluster.argocd.plan import NAMESPACE, ArgoCDPorts, Places
from chess_localcluster.build import edits, gitops_tools, golang
from chess_localcluster.build.binaries import MODULES
from chess_localcluster.errors import ClusterError
from chess_localcluster.machine import ports
from chess_localcluster.machine.commands import run, succeeds
from chess_localcluster.paths import Cache, Home
from chess_localcluster.plan import LOOPBACK
from chess_localcluster.processes import launch
from chess_localcluster.processes.registry import Registry
from chess_localcluster.progress import Progress, Silent
from chess_localcluster.stores.redis import start_redis
from chess_localcluster.stores.store import password

CRDS = ("applications.argoproj.io", "appprojects.argoproj.io", "applicationsets.argoproj.io")
LAST_SETTING = "argocd-tls-certs-cm"
SOURCE = "github.com/argoproj/argo-cd/v3"
NAMES = ("argocd-server", "argocd-application-controller", "argocd-repo-server", "argocd-git", "argocd-redis")


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningArgoCD:
    """Argo CD that answers."""

    repository: Path
    repository_url: str
    server_url: str
    kubeconfig: Path
    started: tuple[str, ...]
    seconds: float


def up(home: Path | None = None, progress: Progress | None = None) -> RunningArgoCD:
    """Start Argo CD and a Git server with an empty repository beside the cluster of this home."""
    place, shown, began = Home.at(home), progress or Silent(), time.monotonic()
    if not place.kubeconfig.exists():
        raise ClusterError(f"no cluster at {place.root}: `localcluster up` makes one")
    programs = gitops_tools.ensure(
        gitops_tools.HELM, gitops_tools.KUSTOMIZE, gitops_tools.ARGOCD, progress=shown
    )
    with homes.locked(place, "argocd up"):
        started = _start(Places(home=place), programs, shown)
    chosen = _ports(Places(home=place))
    return RunningArgoCD(
        repository=Places(home=place).bare,
        repository_url=plan.repository_url(chosen),
        server_url=f"http://{LOOPBACK}:{chosen.server}",
        kubeconfig=place.kubeconfig,
        started=tuple(started),
        seconds=time.monotonic() - began,
    )


def _start(places: Places, programs: Path, progress: Progress) -> list[str]:
    registry = homes.registry(places.home)
    places.scratch.mkdir(parents=True, exist_ok=True)
    _make_repository(places)
    chosen = _ports(places)
    with progress.stage("Argo CD's kinds and settings"):
        _install(places, programs, progress)
    with progress.stage("Argo CD"):
        _redis_directory(places)
        secret = password(places.redis)
        _start_redis(places, chosen)
        parts = plan.components(places, chosen, programs, secret, os.environ.get("PATH", os.defpath))
        started = launch.start_missing(parts, registry, programs)
        for part in parts:
            _await_port(part.name, part.port, registry)
    return started


def _redis_directory(places: Places) -> None:
    places.home.stores.mkdir(exist_ok=True, mode=0o711)


def _start_redis(places: Places, chosen: ArgoCDPorts) -> None:
    """Start Redis under a registry of its own: in the home's, the name `redis` is the game's Redis."""
    own = homes.registry(places.home)
    renamed = Registry(run=places.root / "run", log=own.log / "argocd", mark=own.mark)
    start_redis(places.redis, LOOPBACK, chosen.redis, renamed)


def _await_port(name: str, port: tuple[str, int] | None, registry: Registry) -> None:
    if port is not None:
        launch.wait_for(name, lambda: not ports.is_free(*port), [name], registry)


def _ports(places: Places) -> ArgoCDPorts:
    if not places.ports.exists():
        names = ArgoCDPorts.names()
        places.ports.write_text(
            json.dumps(dict(zip(names, ports.free_loopback_ports(len(names)), strict=True)))
        )
    return ArgoCDPorts(**json.loads(places.ports.read_text()))


def _make_repository(places: Places) -> None:
    if not places.bare.exists():
        places.git.mkdir(parents=True, exist_ok=True)
        run("git", "init", "--quiet", "--bare", "--initial-branch=main", str(places.bare))


def _install(places: Places, programs: Path, progress: Progress) -> None:
    """Apply Argo CD's own CRDs and settings, as its module ships them."""
    directory = places.root / "install"
    if not directory.exists():
        draft = directory.with_suffix(".draft")
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir()
        go = golang.ensure(Cache.of_user(), progress)
        source = edits.directory(go, MODULES / "argocd", SOURCE) / "manifests"
        shutil.copytree(source / "crds", draft / "crds", copy_function=shutil.copyfile)
        shutil.copytree(source / "base/config", draft / "config", copy_function=shutil.copyfile)
        (draft / "namespace.yaml").write_text(plan.namespace())
        (draft / "kustomization.yaml").write_text(plan.settings())
        draft.rename(directory)
    kubectl = (str(programs / "kubectl"), f"--kubeconfig={places.home.kubeconfig}")
    served = (*kubectl, "get", ",".join(CRDS), "-n", NAMESPACE)
    if succeeds(*kubectl, "-n", NAMESPACE, "get", "configmap", LAST_SETTING) and succeeds(*served):
        return
    run(*kubectl, "apply", "--server-side", "--force-conflicts", "-k", str(directory))
    launch.wait_for("the API of Argo CD's kinds", lambda: succeeds(*served), [], homes.registry(places.home))


def down(home: Path | None = None) -> bool:
    """Stop Argo CD; what it made in the cluster stays. Return whether it was there."""
    place = Home.at(home)
    places = Places(home=place)
    if not places.root.exists():
        return False
    with homes.locked(place, "argocd down"):
        registry = homes.registry(place)
        registry.stop(NAMES, grace_seconds=5.0)
        Registry(run=places.root / "run", log=registry.log, mark=registry.mark).stop(
            ["redis"], grace_seconds=5.0
        )
        shutil.rmtree(places.root)
        shutil.rmtree(places.redis, ignore_errors=True)
    return True
