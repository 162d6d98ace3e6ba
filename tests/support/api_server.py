"""An API server as an administrator uses it: the same client that the operator has, with all rights."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

from chess_operator.api.resources.kinds import CRDS, Kind, Manifest
from chess_operator.kube.access import Access
from chess_operator.kube.client import Kube

NAMESPACES = Kind("", "v1", "namespaces", "Namespace")


async def apply(kube: Kube, body: Manifest) -> None:
    group, _, version = body["apiVersion"].rpartition("/")
    plural = {"NetworkPolicy": "networkpolicies"}.get(body["kind"], body["kind"].lower() + "s")
    kind = Kind(group, version, plural, body["kind"])
    if kind.plural == CRDS.plural:
        await kube.create(kind, None, body)
        return
    path = kind.path(body["metadata"].get("namespace"), body["metadata"]["name"])
    query = {"fieldManager": "test", "force": "true"}
    await kube._write("PATCH", path, body=body, query=query, content_type="application/apply-patch+yaml")


@contextlib.asynccontextmanager
async def admin_of(kubeconfig: Path) -> AsyncIterator[Kube]:
    api = await Access(kubeconfig=kubeconfig, context=None).api()
    try:
        yield Kube(api)
    finally:
        await api.close()
        await asyncio.sleep(0.1)  # aiohttp closes TLS connections a little later than it says


async def listed(kube: Kube, kind: Kind, namespace: str, selector: str = "") -> list[Manifest]:
    """Read a collection from the API server's watch cache: cheap, and as fresh as a watch."""
    query = {"resourceVersion": "0", **({"labelSelector": selector} if selector else {})}
    answer = await kube._request("GET", kind.path(namespace), query=query)
    items: list[Manifest] = answer["items"]
    return items
