"""Which parts of a cluster run, which have died, and where to see why; and in which state the cluster is as a whole.

The state is decided by the record of the cluster, its processes and the machine's owner of the node. It does not depend
on whether the API answers, nor on the HOME or the cache of whoever asks: what is not DOWN has something to lose.
"""

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from enum import StrEnum

from chess_localcluster import homes
from chess_localcluster.controlplane import certificates
from chess_localcluster.controlplane.api import Api
from chess_localcluster.node import lifecycle, network
from chess_localcluster.paths import Home
from chess_localcluster.plan import BRIDGE, Plan
from chess_localcluster.processes import launch
from chess_localcluster.processes.registry import Registry
from chess_localcluster.stores.managed import NAMES

CONTROL_PLANE = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler")
NODE = ("containerd", "kubelet", "kube-proxy", "coredns", "netpol", "logrotate", *NAMES)


class State(StrEnum):
    """What there is of a cluster."""

    UP = "up"
    """This home's cluster runs and its API answers."""
    HANGING = "hanging"
    """Processes of this home's cluster run, but its API does not answer."""
    STOPPED = "stopped"
    """This home has a cluster, of which nothing runs: after a reboot, say. `up` starts it with its data."""
    ELSEWHERE = "elsewhere"
    """This home has none, and the machine's node belongs to the cluster of another home."""
    DOWN = "down"
    """There is nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """The state of a home's cluster, and the home of the cluster that the machine's node belongs to."""

    state: State
    home: str
    node_of: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One part of the cluster, whether it is healthy, and why not."""

    name: str
    healthy: bool
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """A cluster as found."""

    recorded: Recorded
    nodes: int
    api_url: str
    parts: tuple[Part, ...]

    @property
    def healthy(self) -> bool:
        """Return whether every part is healthy."""
        return all(part.healthy for part in self.parts)

    def document(self) -> dict[str, object]:
        """Return the status for JSON."""
        fields = asdict(self)
        return {**fields.pop("recorded"), **fields, "healthy": self.healthy}


def recorded_at(home: Home) -> Recorded:
    """Return the state of the cluster of a home."""
    owner = network.owner()
    return Recorded(
        state=_state_of(home, elsewhere=owner not in (None, home.root)),
        home=str(home.root),
        node_of=str(owner) if owner else None,
    )


def _state_of(home: Home, *, elsewhere: bool) -> State:
    registry = homes.registry(home)
    runs = any(process.alive for process in registry.recorded()) or bool(registry.marked())
    if home.plan.exists():
        if not runs:
            return State.STOPPED
        ready = Api.of(Plan.from_json(home.plan.read_text()), home.pki).ready()
        return State.UP if ready else State.HANGING
    if runs:
        return State.HANGING
    return State.ELSEWHERE if elsewhere else State.DOWN


def read(home: Home) -> Status | None:
    """Return the status of the cluster of a home, or None if there is none."""
    homes.require_access(home)
    if not home.plan.exists():
        return None
    plan, registry = Plan.from_json(home.plan.read_text()), homes.registry(home)
    names = CONTROL_PLANE + (NODE if plan.nodes else ())
    parts = [_process(registry, name) for name in names]
    parts += [_api(plan, home), _certificates(home, datetime.now(UTC))]
    if plan.nodes:
        parts += [_ready(plan, home), _bridge()]
    return Status(recorded=recorded_at(home), nodes=plan.nodes, api_url=plan.api_url, parts=tuple(parts))


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


def _certificates(home: Home, now: datetime) -> Part:
    since, until = certificates.valid_from(home.pki), certificates.valid_until(home.pki)
    if since is None or until is None:
        return Part(name="certificates", healthy=False, detail="not made yet: `localcluster up` makes them")
    if since > now:
        detail = f"valid only from {since:%Y-%m-%d %H:%M} on, by the machine's clock: `localcluster up` renews them"
        return Part(name="certificates", healthy=False, detail=detail)
    if until <= now:
        detail = f"expired on {until:%Y-%m-%d}: `localcluster up` renews them"
        return Part(name="certificates", healthy=False, detail=detail)
    renewal = until - certificates.RENEWED_BEFORE
    detail = f"valid until {until:%Y-%m-%d}; `localcluster up` renews them from {renewal:%Y-%m-%d} on"
    return Part(name="certificates", healthy=True, detail=detail)


def _ready(plan: Plan, home: Home) -> Part:
    try:
        ready = lifecycle.is_ready(Api.of(plan, home.pki))
    except OSError:
        ready = False
    return Part(name="node", healthy=ready, detail="Ready" if ready else "not Ready")


def _bridge() -> Part:
    there = network.bridge_exists()
    return Part(name="bridge", healthy=there, detail=BRIDGE if there else f"{BRIDGE} is gone")
