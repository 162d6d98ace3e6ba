"""Whose an object in a cluster is: what a run may apply, what it leaves alone, and what stands in its way. Pure.

An object that a run makes carries a label of the demo. One that is there without it is somebody else's: it stays as it
is if it already holds all that the run wants, and is refused by name if it does not.
"""

from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any

from chess_bench.cluster.objects import LABEL, Object

Key = tuple[str, str, str]
"""Kind, namespace (empty for what has none) and name."""


class State(Enum):
    """What a cluster holds of an object, before a run touches it."""

    ABSENT = "absent"
    OURS = "made by a demo"
    SAME = "somebody else's, and as it should be"
    OTHER = "somebody else's, and different"


def key(item: Object) -> Key:
    """Return what an object is found by."""
    metadata = item["metadata"]
    return item["kind"], metadata.get("namespace", ""), metadata["name"]


def marked(item: Object) -> Object:
    """Return the object with the label by which a later run recognises it."""
    metadata = item["metadata"]
    return {**item, "metadata": {**metadata, "labels": {**metadata.get("labels", {}), LABEL: "true"}}}


def state(wanted: Object, found: Object | None) -> State:
    """Return the state of an object that is wanted."""
    if found is None:
        return State.ABSENT
    if (found["metadata"].get("labels") or {}).get(LABEL) == "true":
        return State.OURS
    return State.SAME if holds(found, wanted) else State.OTHER


def holds(found: Any, wanted: Any) -> bool:
    """Return whether everything wanted is there; what the API server or others have added does not matter."""
    if isinstance(wanted, Mapping):
        there = isinstance(found, Mapping)
        return there and all(name in found and holds(found[name], value) for name, value in wanted.items())
    if isinstance(wanted, Sequence) and not isinstance(wanted, str):
        same = isinstance(found, Sequence) and not isinstance(found, str) and len(found) == len(wanted)
        return same and all(holds(one, other) for one, other in zip(found, wanted, strict=True))
    return bool(found == wanted)


def name(item: Object) -> str:
    """Name an object for its owner, with the Helm release that it belongs to."""
    kind, namespace, own = key(item)
    release = (item["metadata"].get("annotations") or {}).get("meta.helm.sh/release-name")
    of = (item["metadata"].get("annotations") or {}).get("meta.helm.sh/release-namespace", "?")
    words = f"{kind} {namespace + '/' if namespace else ''}{own}"
    return f"{words} (of the Helm release {release} in {of})" if release else words
