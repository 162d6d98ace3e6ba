"""Requests to the API server, as plain JSON objects. Every write passes the fence: only the leader may write."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any, Literal
from urllib.parse import urlencode

import aiohttp
from kubernetes.aio.client import ApiClient

from chess_operator.api.resources.kinds import FIELD_MANAGER, Kind, Manifest

REQUEST_SECONDS = 10.0
IN_FLIGHT = 16
"""Requests at a time. The others wait here, where no timeout runs, instead of in the API server's queues."""
PAGE = 500
"""Objects per part of a collection."""
Policy = Literal["Background", "Foreground"]
"""What the garbage collector does with children: after their owner, or before it."""
CONFLICT = 409
NOT_FOUND = 404


class ApiError(RuntimeError):
    """The API server refused or could not be reached. `status` is 0 for the latter."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class NotLeaderError(RuntimeError):
    """A write was attempted after leadership had been lost."""


def always() -> bool:
    """Let every write pass: for tests and tools that run alone."""
    return True


class Kube:
    """A thin client. `fence` returns whether this process may still write."""

    def __init__(self, api: ApiClient, *, fence: Callable[[], bool] = always) -> None:
        self._api = api
        self._slots = asyncio.Semaphore(IN_FLIGHT)
        self.fence = fence

    async def get(self, kind: Kind, namespace: str | None, name: str) -> Manifest | None:
        """Read one object; None if there is none."""
        try:
            return await self._request("GET", kind.path(namespace, name))
        except ApiError as error:
            if error.status == NOT_FOUND:
                return None
            raise

    async def served(self, kind: Kind) -> bool:
        """Whether the API server knows this kind."""
        try:
            known = await self._request("GET", f"/apis/{kind.group}/{kind.version}")
        except ApiError as error:
            if error.status == NOT_FOUND:
                return False
            raise
        return any(one["name"] == kind.plural for one in known.get("resources") or [])

    async def pages(
        self, kind: Kind, namespace: str | None, *, selector: str = ""
    ) -> AsyncIterator[Manifest]:
        """Read a large collection in parts of one version, so that it is never in memory as a whole."""
        query = {"limit": str(PAGE), **({"labelSelector": selector} if selector else {})}
        more: str | None = ""
        while more is not None:
            page = await self._request(
                "GET", kind.path(namespace), query=query | ({"continue": more} if more else {})
            )
            yield page
            more = page["metadata"].get("continue") or None

    async def create(self, kind: Kind, namespace: str | None, body: Manifest) -> Manifest:
        """Create an object."""
        return await self._write("POST", kind.path(namespace), body=body)

    async def replace(self, kind: Kind, namespace: str | None, name: str, body: Manifest) -> Manifest:
        """Replace an object whole; conflicts when `metadata.resourceVersion` is not the latest."""
        return await self._write("PUT", kind.path(namespace, name), body=body)

    async def apply(
        self, kind: Kind, body: Manifest, *, subresource: str | None = None, force: bool = True
    ) -> Manifest:
        """Server-side apply. A `metadata.resourceVersion` in the body makes it conditional.

        Without `force` it conflicts if somebody else has set a field to another value.
        """
        meta = body["metadata"]
        return await self._write(
            "PATCH",
            kind.path(meta["namespace"], meta["name"], subresource),
            query={"fieldManager": FIELD_MANAGER, "force": str(force).lower()},
            body={"apiVersion": kind.api_version, "kind": kind.kind, **body},
            content_type="application/apply-patch+yaml",
        )

    async def merge(self, kind: Kind, namespace: str, name: str, patch: Mapping[str, Any]) -> Manifest:
        """Merge-patch: the only way to remove a label that another manager owns."""
        return await self._write(
            "PATCH",
            kind.path(namespace, name),
            query={"fieldManager": FIELD_MANAGER},
            body=patch,
            content_type="application/merge-patch+json",
        )

    async def delete(
        self, kind: Kind, namespace: str, name: str, *, resource_version: str, policy: Policy = "Background"
    ) -> None:
        """Delete exactly the version that the decision saw; an object that is gone already is fine."""
        body = {"preconditions": {"resourceVersion": resource_version}, "propagationPolicy": policy}
        try:
            await self._write("DELETE", kind.path(namespace, name), body=body)
        except ApiError as error:
            if error.status != NOT_FOUND:
                raise

    async def _write(self, method: str, path: str, **request: Any) -> Manifest:
        return await self._request(method, path, write=True, **request)

    async def _request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
        content_type: str = "application/json",
        write: bool = False,
    ) -> Manifest:
        async with self._slots:
            # Checked after the wait, during which leadership may have been lost.
            if write and not self.fence():
                raise NotLeaderError(f"{method} {path} was not sent: this process no longer leads")
            return await self._send(method, path, query, body, content_type)

    async def _send(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None,
        body: Mapping[str, Any] | None,
        content_type: str,
    ) -> Manifest:
        headers = {"Content-Type": content_type, "Accept": "application/json"}
        await self._api.update_params_for_auth(headers, [], ["BearerToken"], path, method, body)
        url = f"{self._api.configuration.host}{path}" + (f"?{urlencode(query)}" if query else "")
        try:
            response = await self._api.call_api(
                method, url, header_params=headers, body=body, _request_timeout=REQUEST_SECONDS
            )
            raw = await response.read()
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise ApiError(0, f"{method} {path}: {type(error).__name__}: {error}") from error
        return _answer(response.status, raw, f"{method} {path}")


def _answer(status: int, raw: bytes, request: str) -> Manifest:
    answer: Manifest = _json(raw)
    if status >= 300:  # noqa: PLR2004 - below it HTTP means success
        raise ApiError(status, f"{request}: {status} {answer.get('message', '')}")
    return answer


def _json(raw: bytes) -> Manifest:
    try:
        parsed = json.loads(raw)
    except ValueError:
        return {"message": raw[:200].decode(errors="replace")}
    return parsed if isinstance(parsed, dict) else {"message": str(parsed)[:200]}
