"""Ask Kubernetes to give back what its controllers made in AWS, before the stacks under it go.

Load balancers, nodes and volumes that controllers made belong to no stack and keep subnets and security groups from
being deleted. So Gateways, Ingresses, load-balancer Services, volume claims and Karpenter's nodes go first, while the
controllers still live. The token is the one that `aws eks get-token` makes: a signed URL, never written anywhere.
"""

from __future__ import annotations

import base64
import json
import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol

if TYPE_CHECKING:
    from chess_stacks.deploy.clients import Clients

_TOKEN_SECONDS: Final = 60
COLLECTIONS: Final = (
    "/apis/gateway.networking.k8s.io/v1/gateways",
    "/apis/networking.k8s.io/v1/ingresses",
    "/api/v1/services",
    "/api/v1/persistentvolumeclaims",
    "/apis/karpenter.sh/v1/nodepools",
    "/apis/karpenter.sh/v1/nodeclaims",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """One Kubernetes object that holds something in AWS."""

    collection: str
    namespace: str | None
    name: str

    @property
    def path(self) -> str:
        """Its address in the API."""
        root, kind = self.collection.rsplit("/", 1)
        place = f"namespaces/{self.namespace}/" if self.namespace else ""
        return f"{root}/{place}{kind}/{self.name}"

    def __str__(self) -> str:
        place = f"{self.namespace}/" if self.namespace else ""
        return f"{self.collection.rsplit('/', 1)[1]} {place}{self.name}"


class Kubernetes(Protocol):
    """The two calls that draining makes."""

    def list(self, collection: str) -> list[dict[str, Any]]:
        """Return the items of a collection; nothing where the API is not installed."""

    def delete(self, path: str) -> None:
        """Delete one object; fine where it is gone already."""


def holders(api: Kubernetes) -> tuple[Held, ...]:
    """Find every object that holds something in AWS."""
    return tuple(
        Held(
            collection=collection,
            namespace=item["metadata"].get("namespace"),
            name=item["metadata"]["name"],
        )
        for collection in COLLECTIONS
        for item in api.list(collection)
        if _holds(collection, item)
    )


def release(api: Kubernetes) -> tuple[Held, ...]:
    """Delete them all; they go when their controllers have cleaned up."""
    found = holders(api)
    for held in found:
        api.delete(held.path)
    return found


def _holds(collection: str, item: dict[str, Any]) -> bool:
    return not collection.endswith("/services") or item.get("spec", {}).get("type") == "LoadBalancer"


class KubernetesApi:
    """The real thing, over HTTPS with the cluster's own certificate authority."""

    def __init__(self, server: str, authority_pem: str | None, token: str) -> None:
        import urllib3  # late, as below: only `destroy` needs them, and they are slow to import

        context = ssl.create_default_context(cadata=authority_pem) if authority_pem else None
        self._pool = urllib3.PoolManager(ssl_context=context, timeout=10.0, retries=2)
        self._server = server.rstrip("/")
        self._headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}

    def list(self, collection: str) -> list[dict[str, Any]]:
        """Return the items of a collection; nothing where the API is not installed."""
        answer = self._call("GET", collection)
        return list(answer.get("items", ()))

    def delete(self, path: str) -> None:
        """Delete one object; fine where it is gone already."""
        self._call("DELETE", path)

    def _call(self, method: str, path: str) -> dict[str, Any]:
        from urllib3.exceptions import HTTPError

        try:
            response = self._pool.request(method, self._server + path, headers=self._headers)
        except HTTPError as error:
            raise ConnectionError(f"Kubernetes cannot be reached ({type(error).__name__})") from error
        if response.status == 404:  # noqa: PLR2004
            return {}
        if response.status >= 400:  # noqa: PLR2004
            raise ConnectionError(f"Kubernetes answered {response.status} to {method} {path}")
        found: dict[str, Any] = json.loads(response.data)
        return found


def connect(clients: Clients, cluster: str, region: str) -> KubernetesApi:
    """Log in to an EKS cluster as whoever the AWS credentials are."""
    described = clients.get("eks", region).describe_cluster(name=cluster)["cluster"]
    authority = base64.b64decode(described["certificateAuthority"]["data"]).decode()
    return KubernetesApi(described["endpoint"], authority, token(clients, cluster, region))


def token(clients: Clients, cluster: str, region: str) -> str:
    """Sign the URL that EKS takes as a bearer token."""
    from botocore.signers import RequestSigner

    untyped: Any = RequestSigner
    sts = clients.get("sts", region)
    signer = untyped(
        sts.meta.service_model.service_id, region, "sts", "v4", clients.credentials(), sts.meta.events
    )
    request = {
        "method": "GET",
        "url": f"https://sts.{region}.amazonaws.com/?Action=GetCallerIdentity&Version=2011-06-15",
        "body": {},
        "headers": {"x-k8s-aws-id": cluster},
        "context": {},
    }
    signed = signer.generate_presigned_url(
        request, region_name=region, expires_in=_TOKEN_SECONDS, operation_name=""
    )
    return "k8s-aws-v1." + base64.urlsafe_b64encode(signed.encode()).decode().rstrip("=")
