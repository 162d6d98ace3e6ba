"""What the watches and our own writes have told of the cluster: always the newest version of each object.

Writes feed their answers in here at once, so that the next decision sees them even when the watch lags. Resource
versions are compared as numbers, which Kubernetes guarantees since 1.35 (KEP-5504).
"""

import asyncio
from collections import OrderedDict, defaultdict
from collections.abc import Mapping
from typing import NamedTuple

from chess_operator.kube.client import Manifest
from chess_operator.kube.kinds import CLUSTERS, GROUP, Kind

CLUSTER_LABEL = f"{GROUP}/cluster"
TOMBSTONES = 10_000


class Key(NamedTuple):
    """A ChessCluster's address."""

    namespace: str
    name: str


def key_of(kind: Kind, body: Mapping[str, object]) -> Key | None:
    """Say which ChessCluster an object belongs to."""
    meta = body["metadata"]
    assert isinstance(meta, Mapping)  # noqa: S101 - the API serves no object without metadata
    name = meta["name"] if kind is CLUSTERS else (meta.get("labels") or {}).get(CLUSTER_LABEL)
    return Key(meta["namespace"], name) if name else None


class Mirror:
    """Newest versions by kind and ChessCluster, and who wants to be woken by a change."""

    def __init__(self) -> None:
        self._objects: dict[Key, dict[Kind, dict[str, Manifest]]] = defaultdict(lambda: defaultdict(dict))
        self._gone: OrderedDict[str, None] = OrderedDict()
        self._wakers: dict[Key, asyncio.Event] = {}

    def waker(self, key: Key) -> asyncio.Event:
        """Give the event that is set whenever something of this ChessCluster changed."""
        return self._wakers.setdefault(key, asyncio.Event())

    def wake(self, key: Key) -> None:
        """Wake whoever looks after this ChessCluster."""
        if (waker := self._wakers.get(key)) is not None:
            waker.set()

    def put(self, kind: Kind, body: Manifest) -> bool:
        """Take in a version; False if it is not newer than what is known."""
        key, uid = key_of(kind, body), body["metadata"]["uid"]
        if key is None or uid in self._gone:
            return False
        known = self._objects[key][kind].get(uid)
        if known is not None and version(known) >= version(body):
            return False
        self._objects[key][kind][uid] = body
        if known is None or kind is not CLUSTERS or _meaning(known) != _meaning(body):
            self.wake(key)
        return True

    def lacks(self, kind: Kind, body: Manifest) -> bool:
        """Whether this version is newer than what is known, or the object is not known at all."""
        key, uid = key_of(kind, body), body["metadata"]["uid"]
        if key is None or uid in self._gone:
            return False
        known = self._objects[key][kind].get(uid) if key in self._objects else None
        return known is None or version(known) < version(body)

    def remove(self, kind: Kind, body: Manifest) -> None:
        """Take in that an object is gone, for good: a late answer to a write does not bring it back."""
        key, uid = key_of(kind, body), body["metadata"]["uid"]
        self._gone[uid] = None
        if len(self._gone) > TOMBSTONES:
            self._gone.popitem(last=False)
        if key is None:
            return
        self._objects[key][kind].pop(uid, None)
        self.wake(key)

    def all(self, kind: Kind, key: Key) -> list[Manifest]:
        """All objects of one kind that belong to a ChessCluster."""
        return list(self._objects[key][kind].values()) if key in self._objects else []

    def one(self, kind: Kind, key: Key, name: str) -> Manifest | None:
        """Find the object of this name, the youngest if one is just being replaced."""
        found = [body for body in self.all(kind, key) if body["metadata"]["name"] == name]
        return max(found, key=version, default=None)

    def keys(self) -> list[Key]:
        """All ChessClusters that exist."""
        return [key for key, kinds in self._objects.items() if kinds[CLUSTERS]]

    def forget(self, key: Key) -> None:
        """Drop what is known of a ChessCluster that is gone."""
        self._wakers.pop(key, None)
        if key in self._objects and not any(self._objects[key].values()):
            del self._objects[key]


def version(body: Mapping[str, object]) -> int:
    """Return the resource version as the number that it is."""
    meta = body["metadata"]
    assert isinstance(meta, Mapping)  # noqa: S101 - the API serves no object without metadata
    return int(meta["resourceVersion"])


def _meaning(cluster: Manifest) -> object:
    """Take what of a ChessCluster concerns us: our own status writes do not."""
    meta = cluster["metadata"]
    return meta.get("generation"), meta.get("annotations"), meta.get("labels"), meta.get("deletionTimestamp")
