"""The API server of an EKS cluster, for draining: log in with the AWS credentials, list, delete.

The token is the one that `aws eks get-token` makes: a signed URL, never written anywhere.
"""

import base64
import json
import ssl
from collections.abc import Mapping
from typing import Any, Final

from botocore import exceptions as aws

from chess_stacks.account import failure
from chess_stacks.account.clients import Clients

_TOKEN_SECONDS: Final = 60


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
        """Delete one object and what it owns; fine where it is gone already."""
        self._call("DELETE", f"{path}?propagationPolicy=Background")

    def remove_finalizers(self, path: str) -> None:
        """Take an object's finalizers off, so that its deletion deletes nothing else."""
        self._call("PATCH", path, {"metadata": {"finalizers": None}})

    def _call(self, method: str, path: str, patch: Mapping[str, Any] | None = None) -> dict[str, Any]:
        from urllib3.exceptions import HTTPError

        more = {} if patch is None else {"Content-Type": "application/merge-patch+json"}
        body = None if patch is None else json.dumps(patch)
        try:
            response = self._pool.request(
                method, self._server + path, headers=self._headers | more, body=body
            )
        except HTTPError as error:
            cause = getattr(error, "reason", error)  # what was behind the last of several tries
            raise ConnectionError(f"Kubernetes cannot be reached ({type(cause).__name__})") from error
        if response.status == 404:  # noqa: PLR2004 - HTTP
            return {}
        if response.status >= 400:  # noqa: PLR2004 - HTTP
            raise ConnectionError(f"Kubernetes answered {response.status} to {method} {path}")
        found: dict[str, Any] = json.loads(response.data)
        return found


def connect(clients: Clients, cluster: str, region: str) -> KubernetesApi | None:
    """Log in to an EKS cluster as whoever the AWS credentials are; None where none is, or none ever came up."""
    try:
        described = clients.get("eks", region).describe_cluster(name=cluster)["cluster"]
    except aws.ClientError as error:
        if failure.code_of(error) == "ResourceNotFoundException":
            return None
        raise
    if not described.get("endpoint"):
        return None
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
