"""The newest version of each object that the watches or our own writes have brought.

A write puts its answer in here at once, so that the next decision sees it even when the watch lags. Resource versions
are compared as numbers, which Kubernetes guarantees since 1.35 (KEP-5504).
"""

from collections import OrderedDict, defaultdict
from collections.abc import Callable, Collection, Mapping

from chess_operator.api.resources.kinds import CLUSTERS, PODS, Kind, Manifest
from chess_operator.api.resources.names import Key, key_of

TOMBSTONES = 10_000


class Mirror:
    """Newest versions by kind and ChessCluster. `changed` is called with each ChessCluster that a change concerns."""

    def __init__(self, changed: Callable[[Key], None] = lambda _: None) -> None:
        self._objects: dict[Key, dict[Kind, dict[str, Manifest]]] = defaultdict(lambda: defaultdict(dict))
        self._places: dict[str, Key] = {}
        self._gone: OrderedDict[str, int] = OrderedDict()
        self._changed = changed

    def put(self, kind: Kind, body: Manifest) -> bool:
        """Take in a version; False if it is not newer than the known one."""
        key, uid = key_of(kind, body), body["metadata"]["uid"]
        if not self.lacks(kind, body):
            return False
        known = self._known(kind, uid)
        if self._places.get(uid) != key:
            self._drop(kind, uid)
        if key is None:
            self._note_gone(uid, version(body))
            return True
        self._places[uid] = key
        self._objects[key][kind][uid] = _trimmed(kind, body)
        if known is None or kind is not CLUSTERS or _relevant(known) != _relevant(body):
            self._changed(key)
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

        A later version does: an object that lost our labels, and so left the watch, may get them again.
        """
        self._drop(kind, body["metadata"]["uid"])
        self._note_gone(body["metadata"]["uid"], version(body))

    def keep_only(self, kind: Kind, namespace: str | None, uids: Collection[str], at: int) -> int:
        """Forget what a listing of version `at` does not have, unless it is younger; return how many."""
        over = [
            uid
            for key, kinds in self._objects.items()
            for uid, body in kinds.get(kind, {}).items()
            if namespace in (None, key.namespace) and uid not in uids and version(body) <= at
        ]
        for uid in over:
            self._drop(kind, uid)
            self._note_gone(uid, at)
        return len(over)

    def all(self, kind: Kind, key: Key) -> list[Manifest]:
        """All objects of one kind that belong to a ChessCluster."""
        return list(self._objects[key][kind].values()) if key in self._objects else []

    def one(self, kind: Kind, key: Key, name: str) -> Manifest | None:
        """Find the object of this name, the youngest if one replaces another."""
        found = [body for body in self.all(kind, key) if body["metadata"]["name"] == name]
        return max(found, key=version, default=None)

    def is_gone(self, key: Key) -> bool:
        """Whether a ChessCluster is gone or going, and no new one has its name."""
        return all("deletionTimestamp" in body["metadata"] for body in self.all(CLUSTERS, key))

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
        self._changed(key)

    def _note_gone(self, uid: str, at: int) -> None:
        self._gone[uid] = at
        if len(self._gone) > TOMBSTONES:
            self._gone.popitem(last=False)


def version(body: Mapping[str, object]) -> int:
    """Return the resource version as a number."""
    meta = body["metadata"]
    assert isinstance(meta, Mapping)  # noqa: S101 - the API serves no object without metadata
    return int(meta["resourceVersion"])


def _trimmed(kind: Kind, body: Manifest) -> Manifest:
    """Leave out what nobody reads: with thousands of pods it would be most of the memory."""
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


def _relevant(cluster: Manifest) -> object:
    """Select what of a ChessCluster must wake its loop: our own status writes must not."""
    meta = cluster["metadata"]
    return meta.get("generation"), meta.get("annotations"), meta.get("labels"), meta.get("deletionTimestamp")
