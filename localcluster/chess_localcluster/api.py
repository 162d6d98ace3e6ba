"""The few requests that bringing a cluster up takes, without the weight of a client library."""

import http.client
import json
import ssl
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from chess_localcluster.errors import ClusterError
from chess_localcluster.plan import Plan

TIMEOUT = 5.0
OK = 200
NOT_FOUND = 404
FIELD_MANAGER = "localcluster"
CLUSTER_SCOPED = frozenset({"Namespace", "ClusterRole", "ClusterRoleBinding", "Node"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Api:
    """The API server as the cluster's administrator sees it."""

    host: str
    port: int
    pki: Path

    @classmethod
    def of(cls, plan: Plan, pki: Path) -> "Api":
        """Return the API server of a plan."""
        return cls(host=plan.api_host, port=plan.ports.api, pki=pki)

    def ready(self) -> bool:
        """Tell whether /readyz answers ok."""
        try:
            return self._request("GET", "/readyz", None)[0] == OK
        except (OSError, http.client.HTTPException):
            return False

    def get(self, path: str) -> dict[str, Any] | None:
        """Read one object or list, or None if there is none."""
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

    def _request(self, method: str, path: str, body: str | None) -> tuple[int, str]:
        trust = ssl.create_default_context(cafile=str(self.pki / "ca.crt"))
        trust.load_cert_chain(self.pki / "admin.crt", self.pki / "admin.key")
        connection = http.client.HTTPSConnection(self.host, self.port, timeout=TIMEOUT, context=trust)
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
