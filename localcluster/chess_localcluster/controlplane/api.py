"""The few API requests that `up` and netpol need, without the weight of a client library."""

import http.client
import json
import ssl
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from chess_localcluster.errors import ClusterError
from chess_localcluster.plan import Plan

TIMEOUT_SECONDS = 5.0
WATCH_SECONDS = 300
OK = 200
NOT_FOUND = 404
FIELD_MANAGER = "localcluster"
CLUSTER_SCOPED = frozenset({"Namespace", "ClusterRole", "ClusterRoleBinding", "Node"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Api:
    """The API server as one identity sees it."""

    host: str
    port: int
    pki: Path
    identity: str

    @classmethod
    def of(cls, plan: Plan, pki: Path, identity: str = "admin") -> "Api":
        """Return the API server of a plan, as one of the identities sees it."""
        return cls(host=plan.api_host, port=plan.ports.api, pki=pki, identity=identity)

    def ready(self) -> bool:
        """Return whether the API server answers that it is ready."""
        try:
            return self._request("GET", "/readyz", None)[0] == OK
        except (OSError, http.client.HTTPException):
            return False

    def get(self, path: str) -> dict[str, Any] | None:
        """Return one object or list, or None if it does not exist."""
        status, body = self._request("GET", path, None)
        if status == NOT_FOUND:
            return None
        return self._parsed("GET", path, status, body)

    def apply(self, document: Mapping[str, Any]) -> dict[str, Any]:
        """Server-side apply one object."""
        query = urlencode({"fieldManager": FIELD_MANAGER, "force": "true"})
        path = path_of(document)
        status, body = self._request("PATCH", f"{path}?{query}", json.dumps(document))
        return self._parsed("apply", path, status, body)

    def apply_all(self, documents: Iterable[Mapping[str, Any]]) -> None:
        """Apply in order."""
        for document in documents:
            self.apply(document)

    def items(self, path: str) -> list[dict[str, Any]]:
        """Return all objects of a list; kubelet answers null for an empty one."""
        return (self.get(path) or {}).get("items") or []

    def watch(self, path: str) -> Iterator[dict[str, Any]]:
        """Yield events from now on, until the server or the network ends the watch.

        The first event only shows that the watch has begun: what was read before it may be outdated.
        """
        version = (self.get(f"{path}?limit=1") or {})["metadata"]["resourceVersion"]
        query = urlencode({"watch": "1", "resourceVersion": version, "timeoutSeconds": WATCH_SECONDS})
        connection = self._connect(WATCH_SECONDS * 2)
        try:
            connection.request("GET", f"{path}?{query}")
            yield {"type": "BOOKMARK"}
            for line in connection.getresponse():
                event: dict[str, Any] = json.loads(line)
                yield event
        finally:
            connection.close()

    def _connect(self, timeout: float) -> http.client.HTTPSConnection:
        trust = ssl.create_default_context(cafile=str(self.pki / "ca.crt"))
        trust.load_cert_chain(self.pki / f"{self.identity}.crt", self.pki / f"{self.identity}.key")
        return http.client.HTTPSConnection(self.host, self.port, timeout=timeout, context=trust)

    def _request(self, method: str, path: str, body: str | None) -> tuple[int, str]:
        connection = self._connect(TIMEOUT_SECONDS)
        try:
            connection.request(method, path, body, {"Content-Type": "application/apply-patch+yaml"})
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    @staticmethod
    def _parsed(verb: str, path: str, status: int, body: str) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(body)
        if status >= http.HTTPStatus.BAD_REQUEST:
            raise ClusterError(f"{verb} {path}: {document.get('message', body)}")
        return document


def path_of(document: Mapping[str, Any]) -> str:
    """Return the URL path of an object."""
    version, kind, metadata = document["apiVersion"], document["kind"], document["metadata"]
    root = f"/apis/{version}" if "/" in version else f"/api/{version}"
    scope = "" if kind in CLUSTER_SCOPED else f"/namespaces/{metadata['namespace']}"
    return f"{root}{scope}/{plural(kind)}/{metadata['name']}"


def plural(kind: str) -> str:
    """Return the resource of a kind, as English and Kubernetes form it."""
    name = kind.lower()
    if name.endswith("y"):
        return name[:-1] + "ies"
    if name == "endpoints":
        return name
    return name + ("es" if name.endswith("s") else "s")
