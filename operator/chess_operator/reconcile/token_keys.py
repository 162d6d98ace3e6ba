"""Sees to it that a ChessCluster has keys for its players' tokens. Those that are there are never looked at or changed.

Only whether the Secret exists is asked, once a minute: it is neither listed nor watched, so that no right to that is
needed. One that belongs to an earlier ChessCluster of this name is about to be collected, and does not count.
"""

import secrets
import time
from collections.abc import Callable

from chess_operator import objects
from chess_operator.api.resources.kinds import CLUSTERS, SECRETS, Manifest
from chess_operator.api.resources.names import token_keys_name
from chess_operator.kube.client import CONFLICT, ApiError, Kube
from chess_operator.objects import Owner

AGAIN_SECONDS = 60.0
KEY_BYTES = 32


class TokenKeys:
    """The keys of one ChessCluster's tokens."""

    def __init__(self, kube: Kube, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._kube = kube
        self._clock = clock
        self._seen: tuple[str, float] | None = None

    async def ensure(self, owner: Owner) -> None:
        """Make the Secret if there is none. Raises ApiError."""
        now = self._clock()
        if self._seen is not None and self._seen[0] == owner.uid and now - self._seen[1] < AGAIN_SECONDS:
            return
        name = token_keys_name(owner.name)
        found = await self._kube.get(SECRETS, owner.namespace, name)
        if found is None:
            await self._make(owner)
        elif _is_left(found, owner):
            return
        self._seen = (owner.uid, now)

    async def _make(self, owner: Owner) -> None:
        made = objects.token_keys(owner, secrets.token_urlsafe(KEY_BYTES))
        try:
            await self._kube.create(SECRETS, owner.namespace, made)
        except ApiError as error:
            if error.status != CONFLICT:  # somebody was first: theirs counts
                raise


def _is_left(found: Manifest, owner: Owner) -> bool:
    owners = found["metadata"].get("ownerReferences") or []
    clusters = {one["uid"] for one in owners if one["kind"] == CLUSTERS.kind}
    return bool(clusters) and owner.uid not in clusters
