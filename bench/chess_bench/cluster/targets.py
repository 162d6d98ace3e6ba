"""The cluster that a run uses: the local cluster, or one that the user has."""

import asyncio
import os
import shutil
import sys
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from chess_bench.cluster import polling
from chess_bench.cluster.existing import Existing
from chess_bench.cluster.kubectl import Kubectl
from chess_bench.cluster.objects import ENTRY

ROOT = Path(__file__).parents[3]  # of the repository: what the image is built from
IN_SECONDS = 30.0
"""How long kube-proxy may take to follow a Service."""
LOCAL_HOME = "/var/lib/localcluster"
LOCAL_IMAGE = "chesscluster:dev"


class TargetError(RuntimeError):
    """The cluster cannot be used; the message is one line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreUrls:
    """URLs of Redis and PostgreSQL as pods reach them and as this process does."""

    redis: str
    database: str
    redis_from_here: str
    database_from_here: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A cluster that is up, and what to run on it."""

    kubectl: Kubectl
    image: str
    stores: StoreUrls
    local: bool


def local_home() -> Path:
    """Return the directory in which the local cluster keeps its state."""
    return Path(os.environ.get("LOCALCLUSTER_HOME") or LOCAL_HOME).expanduser()


async def localcluster(*arguments: str) -> None:
    """Run the localcluster command; the user sees what it prints."""
    program = Path(sys.executable).with_name("localcluster")
    process = await asyncio.create_subprocess_exec(program, *arguments, stdin=asyncio.subprocess.DEVNULL)
    try:
        code = await process.wait()
    except asyncio.CancelledError:
        process.terminate()
        await process.wait()
        raise
    if code:
        raise TargetError(f"localcluster {' '.join(arguments)} ended with exit code {code}; see above")


def local_is_recorded() -> bool:
    """Return whether there is anything of a local cluster: only one that a run begins itself may it end.

    The record alone decides, not whether the cluster answers: it may hang, or have been started from another cache.
    """
    try:
        return any(local_home().iterdir())
    except FileNotFoundError:
        return False
    except OSError:  # somebody else's
        return True


def local_kubectl() -> Kubectl:
    """Return the local cluster's own kubectl with its kubeconfig."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "chesscluster"
    options = ("--kubeconfig", str(local_home() / "kubeconfig"))
    return Kubectl(program=str(cache / "bin" / "kubectl"), options=options)


def local_target() -> Target:
    """Describe the local cluster, which must be up."""
    home = local_home()
    return Target(
        kubectl=local_kubectl(),
        image=LOCAL_IMAGE,
        stores=StoreUrls(
            redis=_first_line(home / "stores" / "redis.url"),
            database=_first_line(home / "stores" / "database.url"),
            redis_from_here=_first_line(home / "stores" / "redis.host.url"),
            database_from_here=_first_line(home / "stores" / "database.host.url"),
        ),
        local=True,
    )


def existing_target(existing: Existing) -> Target:
    """Describe the user's own cluster; its stores must be reachable from here too, for the verification."""
    program = shutil.which("kubectl")
    if not program:
        raise TargetError("kubectl: not found on PATH; an existing cluster needs it")
    redis, database = _first_line(existing.redis_url_file), _first_line(existing.database_url_file)
    return Target(
        kubectl=Kubectl(program=program, options=("--context", existing.context)),
        image=existing.image,
        stores=StoreUrls(redis=redis, database=database, redis_from_here=redis, database_from_here=database),
        local=False,
    )


async def entry(target: Target, namespace: str, given: tuple[str, int] | None) -> tuple[str, int]:
    """Return where players connect: the given address, else the NodePort, once it lets somebody in."""
    if given:
        return given
    host, port = await _node_port(target, namespace)
    try:
        await polling.until(
            f"{host}:{port} takes connections", partial(polling.refusal, host, port), IN_SECONDS
        )
    except polling.TooLateError as error:
        raise TargetError(str(error)) from None
    return host, port


async def _node_port(target: Target, namespace: str) -> tuple[str, int]:
    """Return the NodePort, on loopback or on a node."""
    service = await target.kubectl.get(f"/api/v1/namespaces/{namespace}/services/{ENTRY}")
    port: int = service["spec"]["ports"][0]["nodePort"]
    if target.local:
        return "127.0.0.1", port
    nodes = await target.kubectl.get("/api/v1/nodes")
    for node in nodes["items"]:
        for address in node["status"]["addresses"]:
            if address["type"] == "InternalIP":
                return address["address"], port
    raise TargetError("no node has an InternalIP; set DEMO_ENTRY=host:port to where players connect")


def _first_line(path: Path) -> str:
    try:
        text = path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError as error:
        raise TargetError(f"{path}: cannot be read: {error.strerror}") from None
    if "://" not in text:
        raise TargetError(f"{path}: does not hold a URL")
    return text.splitlines()[0]
