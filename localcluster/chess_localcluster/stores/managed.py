"""The stores beside the cluster: on the bridge, with names that pods can use, and faults on demand."""

import signal
from collections.abc import Callable, Mapping
from enum import StrEnum
from pathlib import Path

from chess_localcluster.controlplane.objects import STORE_PORTS, STORES_NAMESPACE
from chess_localcluster.errors import ClusterError
from chess_localcluster.machine import files
from chess_localcluster.paths import Home
from chess_localcluster.plan import BRIDGE_ADDRESS, DOMAIN
from chess_localcluster.processes.process import Process
from chess_localcluster.processes.registry import Registry
from chess_localcluster.stores.postgres import postgres_url, start_postgres
from chess_localcluster.stores.redis import redis_url, start_redis
from chess_localcluster.stores.store import Store, password, signal_family

NAMES = tuple(STORE_PORTS)
Starter = Callable[[Path, str, int, Registry | None], Store]
STARTERS: Mapping[str, Starter] = {"redis": start_redis, "postgres": start_postgres}
URLS = {"redis": ("redis", redis_url), "postgres": ("database", postgres_url)}


class Fault(StrEnum):
    """A fault of a store, or its end."""

    STOP = "stop"
    CONT = "cont"
    KILL = "kill"
    START = "start"


SIGNALS = {Fault.STOP: signal.SIGSTOP, Fault.CONT: signal.SIGCONT, Fault.KILL: signal.SIGKILL}


def ensure(home: Home, registry: Registry) -> list[str]:
    """Start the stores that do not run; return their names."""
    home.stores.mkdir(exist_ok=True, mode=0o711)
    dead = [name for name in NAMES if not registry.alive(name)]
    for name in NAMES:
        start(home, registry, name)
    return dead


def start(home: Home, registry: Registry, name: str) -> Store:
    """Start one store, Redis empty and PostgreSQL on its data, and write its URLs."""
    store = STARTERS[name](home.stores / name, BRIDGE_ADDRESS, STORE_PORTS[name], registry)
    secret = password(home.stores / name)
    for file, url in urls(name, secret).items():
        files.write(home.stores / file, url + "\n")
    return store


def urls(name: str, secret: str) -> dict[str, str]:
    """Return the URLs by file: for pods by the Service's name, for this machine by the bridge's address."""
    file, build = URLS[name]
    service = f"{name}.{STORES_NAMESPACE}.svc.{DOMAIN}"
    port = STORE_PORTS[name]
    return {
        f"{file}.url": build(service, port, secret),
        f"{file}.host.url": build(BRIDGE_ADDRESS, port, secret),
    }


def disturb(home: Home, registry: Registry, name: str, fault: Fault) -> None:
    """Make a store fail, or start it again."""
    if name not in NAMES:
        raise ClusterError(f"store {name!r}: unknown; choose {' or '.join(NAMES)}")
    if fault is Fault.START:
        start(home, registry, name)
        return
    signal_family(_living(registry, name), SIGNALS[fault])


def _living(registry: Registry, name: str) -> Process:
    process = registry.find(name)
    if process is None or not process.alive:
        raise ClusterError(f"{name} does not run: `localcluster store start {name}` starts it")
    return process
