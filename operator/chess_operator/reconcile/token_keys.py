"""Sees to it that a ChessCluster has keys for its players' tokens. Those that are there are never looked at or changed.

Only whether the Secret exists is asked, once a minute: it is neither listed nor watched, so that no right to that is
needed. One that belongs to an earlier ChessCluster of this name is about to be collected, and does not count.
A refusal is told and stops nothing: new pods wait for the Secret by themselves, and those that run have theirs.
"""

import secrets
import time
from collections.abc import Callable

from chess_operator import objects
from chess_operator.api.resources.kinds import CLUSTERS, SECRETS, Manifest
from chess_operator.api.resources.names import token_keys_name
from chess_operator.kube.client import CONFLICT, ApiError, Kube
from chess_operator.objects import Owner
from chess_operator.report.conditions import Problem

AGAIN_SECONDS = 60.0
RETRY_SECONDS = 5.0
KEY_BYTES = 32


class TokenKeys:
    """The keys of one ChessCluster's tokens."""

    def __init__(self, kube: Kube, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._kube = kube
        self._clock = clock
        self._known: tuple[str, float, Problem | None] = ("", 0.0, None)
        """Of which ChessCluster, until when, and what was wrong."""

    async def ensure(self, owner: Owner) -> Problem | None:
        """Make the Secret if there is none; return why it cannot be. Raises ApiError where nobody answers."""
        uid, until, problem = self._known
        now = self._clock()
        if uid == owner.uid and now < until:
            return problem
        try:
            found = await self._kube.get(SECRETS, owner.namespace, token_keys_name(owner.name))
            if found is None:
                await self._make(owner)
        except ApiError as error:
            return self._refused(owner, error, now)
        if found is None or not _is_left(found, owner):
            self._known = (owner.uid, now + AGAIN_SECONDS, None)
        return None

    def _refused(self, owner: Owner, error: ApiError, now: float) -> Problem:
        if not error.status:
            raise error
        name = token_keys_name(owner.name)
        problem = Problem(reason="TokenKeysMissing", message=f"Secret {name} cannot be made: {error}")
        self._known = (owner.uid, now + RETRY_SECONDS, problem)
        return problem

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
