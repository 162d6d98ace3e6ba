"""Who looks after a namespace: an operator for some namespaces claims each by a Lease there, and others stand back.

Two operators that both scale one ChessCluster would each undo the other's drains. One for the whole cluster claims
nothing; it looks for claims, and so works around the namespaces that have an operator of their own. A claim is judged
as the leader's Lease is: by how long this process has seen it unchanged.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import structlog

from chess_operator.api.resources.kinds import LEASES, Manifest
from chess_operator.api.resources.names import CLAIM_NAME
from chess_operator.kube.client import ApiError, Kube, NotLeaderError
from chess_operator.kube.election import Sighting, next_step, sight
from chess_operator.kube.lease import record_of

CLAIM_SECONDS = 60
"""Longer than another leader of the same installation takes to follow."""
RENEW_SECONDS = 15.0
LOOK_SECONDS = 10.0
"""How long an answer is taken for what is so."""

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class _Seen:
    sighting: Sighting | None = None
    looked_at: float | None = None


@dataclass(slots=True, kw_only=True)
class Claims:
    """What is claimed, by this installation (`holder`: where its leader's Lease is) and by others."""

    kube: Kube
    holder: str
    namespaces: Sequence[str]
    """Those to claim; none for an operator of the whole cluster."""
    clock: Callable[[], float] = time.monotonic
    _seen: dict[str, _Seen] = field(default_factory=dict)

    async def begin(self) -> None:
        """Claim every namespace. After a new claim wait until whoever looked before has looked again."""
        if any([await self._claim(namespace) for namespace in self.namespaces]):
            await asyncio.sleep(LOOK_SECONDS)

    async def keep(self) -> None:
        """Renew the claims, and take those that become free."""
        while True:
            await asyncio.sleep(RENEW_SECONDS)
            for namespace in self.namespaces:
                await self._claim(namespace)

    async def other(self, namespace: str) -> str | None:
        """Return which other installation looks after a namespace, if one does."""
        seen = self._seen.setdefault(namespace, _Seen())
        if seen.looked_at is None or self.clock() - seen.looked_at >= LOOK_SECONDS:
            seen.looked_at = self.clock()
            try:
                await self._look(namespace)
            except ApiError as error:
                # Rights of an older installation do not hold this one: go on as that did.
                log.warning("claim-not-read", namespace=namespace, error=str(error))
        if seen.sighting is None or next_step(self.holder, seen.sighting, self.clock()) != "wait":
            return None
        return seen.sighting.record.holder

    async def _claim(self, namespace: str) -> bool:
        """Claim or renew; return whether the claim is new."""
        try:
            return await self._step(namespace)
        except (ApiError, NotLeaderError) as error:
            log.warning("claim-not-written", namespace=namespace, error=str(error))
            return False

    async def _step(self, namespace: str) -> bool:
        sighting = await self._look(namespace)
        step = next_step(self.holder, sighting, self.clock())
        if step == "create":
            self._note(namespace, await self.kube.create(LEASES, namespace, self._lease(namespace)))
        elif sighting is not None and step in ("take", "renew"):
            body = self._lease(namespace)
            body["metadata"]["resourceVersion"] = sighting.record.resource_version
            self._note(namespace, await self.kube.replace(LEASES, namespace, CLAIM_NAME, body))
        return step in ("create", "take")

    async def _look(self, namespace: str) -> Sighting | None:
        found = await self.kube.get(LEASES, namespace, CLAIM_NAME)
        if found is None:
            self._seen.setdefault(namespace, _Seen()).sighting = None
            return None
        return self._note(namespace, found)

    def _note(self, namespace: str, lease: Manifest) -> Sighting:
        seen = self._seen.setdefault(namespace, _Seen())
        seen.sighting = sight(seen.sighting, record_of(lease), self.clock())
        return seen.sighting

    def _lease(self, namespace: str) -> Manifest:
        now = datetime.now(tz=UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        return {
            "metadata": {"name": CLAIM_NAME, "namespace": namespace},
            "spec": {"holderIdentity": self.holder, "leaseDurationSeconds": CLAIM_SECONDS, "renewTime": now},
        }
