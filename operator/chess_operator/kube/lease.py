"""The leader's Lease: acquire, renew and release it. `kube.election` decides, this module does the I/O."""

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime

import structlog

from chess_operator.api.resources.kinds import LEASES, Manifest
from chess_operator.kube.client import CONFLICT, ApiError, Kube
from chess_operator.kube.election import (
    LEASE_SECONDS,
    RETRY_SECONDS,
    Record,
    Sighting,
    held,
    next_step,
    sight,
)

log = structlog.get_logger(__name__)


class LostLeadershipError(RuntimeError):
    """The lease was not renewed in time. The process must end, because another one may lead already."""


class Elector:
    """One candidate. `kube` must not be fenced by this very election."""

    def __init__(
        self,
        kube: Kube,
        *,
        namespace: str,
        name: str,
        identity: str,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._kube = kube
        self._namespace = namespace
        self._name = name
        self._identity = identity
        self._clock = clock
        self._sighting: Sighting | None = None
        self._renewed_at: float | None = None
        self.tried_at: float = clock()

    def leads(self) -> bool:
        """Whether this process may write now."""
        return held(self._renewed_at, self._clock())

    async def acquire(self) -> None:
        """Wait until this process leads."""
        while not await self._try():  # noqa: ASYNC110 - nothing signals that a lease is free
            await asyncio.sleep(RETRY_SECONDS)
        log.info("leading", lease=f"{self._namespace}/{self._name}", identity=self._identity)

    async def keep(self) -> None:
        """Renew until that fails for too long; then raise LostLeadershipError."""
        while True:
            await asyncio.sleep(RETRY_SECONDS)
            mine = await self._try()
            if not mine and (self._taken_by_other() or not self.leads()):
                raise LostLeadershipError(f"lost the lease {self._namespace}/{self._name}")

    async def release(self) -> None:
        """Release the lease, so that the next leader need not wait until it expires."""
        if not self.leads() or self._sighting is None:
            return
        self._renewed_at = None
        try:
            await self._replace(holder="", seconds=1)
        except ApiError as error:
            log.warning("lease-not-released", error=str(error))

    async def _try(self) -> bool:
        """Try once; True if this process holds the lease afterwards."""
        started = self._clock()
        try:
            mine = await self._step()
        except ApiError as error:
            if error.status != CONFLICT:
                log.warning("lease", error=str(error))
            return False
        finally:
            self.tried_at = self._clock()
        if mine:
            self._renewed_at = started
        return mine

    async def _step(self) -> bool:
        # A leader renews what it wrote last, without reading first: a conflict shows that it was overtaken.
        if self._renewed_at is None or self._sighting is None:
            await self._look()
        match next_step(self._identity, self._sighting, self._clock()):
            case "create":
                written = await self._kube.create(LEASES, self._namespace, self._lease(self._identity, 0))
                self._note(written)
            case "take" | "renew":
                await self._renew()
            case "wait":
                return False
        return True

    async def _renew(self) -> None:
        try:
            await self._replace(holder=self._identity, seconds=LEASE_SECONDS)
        except ApiError as error:
            if error.status == CONFLICT:
                await self._look()
            raise

    async def _look(self) -> None:
        found = await self._kube.get(LEASES, self._namespace, self._name)
        if found is None:
            self._sighting = None
        else:
            self._note(found)

    async def _replace(self, *, holder: str, seconds: float) -> None:
        seen = self._sighting
        assert seen is not None  # noqa: S101 - callers act only on a lease that they have seen
        change = 0 if seen.record.holder == holder or not holder else 1
        body = self._lease(holder, seen.record.transitions + change, seconds=seconds)
        body["metadata"]["resourceVersion"] = seen.record.resource_version
        self._note(await self._kube.replace(LEASES, self._namespace, self._name, body))

    def _note(self, lease: Manifest) -> None:
        self._sighting = sight(self._sighting, record_of(lease), self._clock())

    def _taken_by_other(self) -> bool:
        return self._sighting is not None and self._sighting.record.holder not in ("", self._identity)

    def _lease(self, holder: str, transitions: int, *, seconds: float = LEASE_SECONDS) -> Manifest:
        now = datetime.now(tz=UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        return {
            "metadata": {"name": self._name, "namespace": self._namespace},
            "spec": {
                "holderIdentity": holder,
                "leaseDurationSeconds": round(seconds),
                "leaseTransitions": transitions,
                "acquireTime": now,
                "renewTime": now,
            },
        }


def record_of(lease: Manifest) -> Record:
    """Read a Lease object."""
    spec = lease.get("spec") or {}
    return Record(
        holder=spec.get("holderIdentity") or "",
        resource_version=lease["metadata"]["resourceVersion"],
        transitions=spec.get("leaseTransitions") or 0,
        lease_seconds=spec.get("leaseDurationSeconds") or LEASE_SECONDS,
    )
