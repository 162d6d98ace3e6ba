"""Starts the components that do not run, and waits for their effects."""

from collections.abc import Callable, Iterable
from http.client import HTTPException
from pathlib import Path

from chess_localcluster.errors import ClusterError
from chess_localcluster.machine import ports
from chess_localcluster.machine.polling import wait_until
from chess_localcluster.processes.component import Component
from chess_localcluster.processes.process import stop
from chess_localcluster.processes.registry import Registry

TIMEOUT_SECONDS = 90.0
PORT_RELEASE_SECONDS = 2.0
SHIM = "containerd-shim"


def start_missing(components: Iterable[Component], registry: Registry, programs: Path) -> list[str]:
    """Start each component that is not alive; return the names of those started."""
    started = []
    for component in components:
        if registry.alive(component.name):
            continue
        _require_port(component)
        own = programs / component.argv[0]
        argv = [str(own) if own.exists() else component.argv[0], *component.argv[1:]]
        registry.start(component.name, argv, component.env)
        started.append(component.name)
    return started


def _require_port(component: Component) -> None:
    """Fail if the port stays taken; the kernel closes the sockets of a killed process a moment later."""
    if component.port is None:
        return
    host, port = component.port
    if not wait_until(lambda: ports.is_free(host, port), PORT_RELEASE_SECONDS):
        raise ClusterError(
            f"port {host}:{port} ({component.name}) is taken by {ports.holder(port)}: free it and try again"
        )


def wait_for(what: str, condition: Callable[[], bool], needed: Iterable[str], registry: Registry) -> None:
    """Wait until `what` is ready, which the condition shows; fail at once if one of the `needed` components ends."""
    names = list(needed)

    def reached() -> bool:
        if _holds(condition):
            return True
        for name in names:
            if not registry.alive(name):
                raise ClusterError(f"{name} ended while waiting for {what}: {last_log_line(registry, name)}")
        return False

    if not wait_until(reached, TIMEOUT_SECONDS):
        raise ClusterError(
            f"{what} did not become ready within {TIMEOUT_SECONDS:.0f} s; see the logs in {registry.log}"
        )


def _holds(condition: Callable[[], bool]) -> bool:
    """Return the condition's value; a connection error counts as false, because a server may be starting."""
    try:
        return condition()
    except (OSError, HTTPException):
        return False


def last_log_line(registry: Registry, name: str) -> str:
    """Return the last line of a component's log."""
    path = registry.log / f"{name}.log"
    try:
        lines = path.read_text(errors="replace").split("\n")
    except OSError:
        return f"no log at {path}"
    return f"{next((line.strip() for line in reversed(lines) if line.strip()), 'silent')} (log: {path})"


def stop_unrecorded(registry: Registry) -> list[str]:
    """Stop processes of this home that no record knows: their `up` was killed before it wrote one."""
    marked = registry.marked()
    known = {process.pid for process in registry.recorded() if process.alive}
    family = known | {process.pid for process in marked}
    strangers = [
        process
        for process in marked
        if process.pid not in known and process.parent not in family and not process.name.startswith(SHIM)
    ]
    stop(strangers, grace_seconds=3.0)
    return [process.name for process in strangers]
