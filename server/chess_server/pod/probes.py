"""What the kubelet's probes are answered, with the reason in one line.

`/livez` fails only for what a new process mends. `/readyz` fails while this server cannot serve newcomers; a store that
fails has a grace, so that a moment's trouble does not empty a fleet.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from chess_server.pod.admin import Answer

UNAVAILABLE = "503 Service Unavailable"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoresState:
    """How long each store has failed, in seconds (0: it answers), and how they fail, in one line."""

    failing_seconds: Mapping[str, float]
    reason: str


def liveness(dead: Sequence[str]) -> Answer:
    """Answer `/livez`; `dead`: the loops that play cannot do without and that do not come back."""
    if dead:
        return Answer(UNAVAILABLE, f"does not come back: {', '.join(dead)}\n".encode())
    return Answer("200 OK", b"alive\n")


def readiness(*, started: bool, stopping: bool, stores: StoresState, grace_seconds: float) -> Answer:
    """Answer `/readyz`."""
    if stopping:
        return Answer(UNAVAILABLE, b"stopping\n")
    if not started:
        return _unready(["starting", stores.reason])
    late = [store for store, seconds in stores.failing_seconds.items() if seconds > grace_seconds]
    if late:
        return _unready([stores.reason or f"{', '.join(late)} does not answer"])
    return Answer("200 OK", b"ready\n")


def _unready(reasons: list[str]) -> Answer:
    line = "; ".join(reason for reason in reasons if reason).replace("\n", " ")
    return Answer(UNAVAILABLE, f"{line}\n".encode())
