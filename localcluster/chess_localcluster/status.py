"""Which parts of a cluster run, which have died, and where to see why."""

from dataclasses import asdict, dataclass

from chess_localcluster import homes
from chess_localcluster.controlplane.api import Api
from chess_localcluster.node import lifecycle, network
from chess_localcluster.paths import Home
from chess_localcluster.plan import BRIDGE, Plan
from chess_localcluster.processes import launch
from chess_localcluster.processes.registry import Registry
from chess_localcluster.stores.managed import NAMES

CONTROL_PLANE = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler")
NODE = ("containerd", "kubelet", "kube-proxy", "coredns", "netpol", *NAMES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One part of the cluster, whether it is healthy, and why not."""

    name: str
    healthy: bool
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """A cluster as found."""

    home: str
    nodes: int
    api_url: str
    parts: tuple[Part, ...]

    @property
    def healthy(self) -> bool:
        """Return whether every part is healthy."""
        return all(part.healthy for part in self.parts)

    def document(self) -> dict[str, object]:
        """Return the status for JSON."""
        return asdict(self) | {"healthy": self.healthy}


def read(home: Home) -> Status | None:
    """Return the status of the cluster of a home, or None if there is none."""
    if not home.plan.exists():
        return None
    plan, registry = Plan.from_json(home.plan.read_text()), homes.registry(home)
    names = CONTROL_PLANE + (NODE if plan.nodes else ())
    parts = [_process(registry, name) for name in names]
    parts.append(_api(plan, home))
    if plan.nodes:
        parts += [_ready(plan, home), _bridge()]
    return Status(home=str(home.root), nodes=plan.nodes, api_url=plan.api_url, parts=tuple(parts))


def _process(registry: Registry, name: str) -> Part:
    process = registry.find(name)
    if process is None:
        return Part(name=name, healthy=False, detail="not started yet: `localcluster up` starts it")
    if not process.alive:
        return Part(name=name, healthy=False, detail=f"died: {launch.last_log_line(registry, name)}")
    if process.frozen:
        return Part(name=name, healthy=False, detail=f"pid {process.pid}, stopped by a signal")
    return Part(name=name, healthy=True, detail=f"pid {process.pid}")


def _api(plan: Plan, home: Home) -> Part:
    ready = Api.of(plan, home.pki).ready()
    return Part(
        name="API", healthy=ready, detail=plan.api_url if ready else f"{plan.api_url} does not answer"
    )


def _ready(plan: Plan, home: Home) -> Part:
    try:
        ready = lifecycle.is_ready(Api.of(plan, home.pki))
    except OSError:
        ready = False
    return Part(name="node", healthy=ready, detail="Ready" if ready else "not Ready")


def _bridge() -> Part:
    there = network.bridge_exists()
    return Part(name="bridge", healthy=there, detail=BRIDGE if there else f"{BRIDGE} is gone")
