"""What the watches and our own writes have told of the cluster: always the newest version of each object.

Writes feed their answers in here at once, so that the next decision sees them even when the watch lags. Resource
versions are compared as numbers, which Kubernetes guarantees since 1.35 (KEP-5504).
"""

import asyncio
from collections import OrderedDict, defaultdict
from collections.abc import Collection, Mapping
from typing import NamedTuple

from chess_operator.api.resources.kinds import CLUSTERS, GROUP, PODS, Kind
from chess_operator.kube.client import Manifest

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
        self._places: dict[str, Key] = {}
        self._gone: OrderedDict[str, int] = OrderedDict()
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
        if not self.lacks(kind, body):
            return False
        known = self._known(kind, uid)
        if self._places.get(uid) != key:
            self._drop(kind, uid)
        if key is None:
            self._bury(uid, version(body))
            return True
        self._places[uid] = key
        self._objects[key][kind][uid] = _trimmed(kind, body)
        if known is None or kind is not CLUSTERS or _meaning(known) != _meaning(body):
            self.wake(key)
        return True

    def lacks(self, kind: Kind, body: Manifest) -> bool:
        """Whether this version is newer than what is known, or the object is not known at all."""
        uid = body["metadata"]["uid"]
        known = self._known(kind, uid)
        if known is None:
            return key_of(kind, body) is not None and version(body) > self._gone.get(uid, -1)
        return version(known) < version(body)

    def remove(self, kind: Kind, body: Manifest) -> None:
        """Take in that an object is gone: a late answer to an earlier write does not bring it back.

        A later version does: what had lost our labels, and so had left the watch, may get them again.
        """
        self._drop(kind, body["metadata"]["uid"])
        self._bury(body["metadata"]["uid"], version(body))

    def keep_only(self, kind: Kind, namespace: str | None, uids: Collection[str], at: int) -> int:
        """Forget what a listing of version `at` does not have, unless it is younger; returns how many were."""
        over = [
            uid
            for key, kinds in self._objects.items()
            for uid, body in kinds.get(kind, {}).items()
            if namespace in (None, key.namespace) and uid not in uids and version(body) <= at
        ]
        for uid in over:
            self._drop(kind, uid)
            self._bury(uid, at)
        return len(over)

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
        """Let go of who looked after a ChessCluster that is gone, unless there is a new one of that name."""
        if all("deletionTimestamp" in body["metadata"] for body in self.all(CLUSTERS, key)):
            self._wakers.pop(key, None)

    def _known(self, kind: Kind, uid: str) -> Manifest | None:
        key = self._places.get(uid)
        return None if key is None else self._objects[key][kind].get(uid)

    def _drop(self, kind: Kind, uid: str) -> None:
        key = self._places.pop(uid, None)
        if key is None:
            return
        kinds = self._objects[key]
        kinds[kind].pop(uid, None)
        if not any(kinds.values()):
            del self._objects[key]
        self.wake(key)

    def _bury(self, uid: str, at: int) -> None:
        self._gone[uid] = at
        if len(self._gone) > TOMBSTONES:
            self._gone.popitem(last=False)


def version(body: Mapping[str, object]) -> int:
    """Return the resource version as the number that it is."""
    meta = body["metadata"]
    assert isinstance(meta, Mapping)  # noqa: S101 - the API serves no object without metadata
    return int(meta["resourceVersion"])


def _trimmed(kind: Kind, body: Manifest) -> Manifest:
    """Leave out what nobody looks at: of thousands of pods it would be most of the memory."""
    meta = {field: value for field, value in body["metadata"].items() if field != "managedFields"}
    kept = {**body, "metadata": meta}
    if kind is PODS and "spec" in body:
        kept["spec"] = {
            "nodeName": body["spec"].get("nodeName"),
            "containers": [
                {"name": one["name"], "env": one.get("env") or []}
                for one in body["spec"].get("containers") or []
            ],
        }
    return kept


def _meaning(cluster: Manifest) -> object:
    """Take what of a ChessCluster concerns us: our own status writes do not."""
    meta = cluster["metadata"]
    return meta.get("generation"), meta.get("annotations"), meta.get("labels"), meta.get("deletionTimestamp")
