"""Draining: what holds something in AWS is deleted through the API, with a token that is not written down."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from chess_stacks.deploy import drain
from chess_stacks.deploy.clients import Clients


def item(name: str, namespace: str | None = "chess", **spec: Any) -> dict[str, Any]:
    metadata = {"name": name} | ({"namespace": namespace} if namespace else {})
    return {"metadata": metadata, "spec": spec}


class Kubernetes(ThreadingHTTPServer):
    """Just enough of an API server: collections of items, deletions, and who asked."""

    def __init__(self, collections: dict[str, list[dict[str, Any]]]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.collections = collections
        self.deleted: list[str] = []
        self.tokens: set[str | None] = set()


class _Handler(BaseHTTPRequestHandler):
    server: Kubernetes

    def do_GET(self) -> None:
        self.server.tokens.add(self.headers["Authorization"])
        items = self.server.collections.get(self.path)
        self._answer(404 if items is None else 200, {"items": items})

    def do_DELETE(self) -> None:
        self.server.deleted.append(self.path)
        for items in self.server.collections.values():
            items[:] = [entry for entry in items if not self.path.endswith(f"/{entry['metadata']['name']}")]
        self._answer(200, {})

    def log_message(self, *_: Any) -> None:
        """Keep the test's output quiet."""

    def _answer(self, status: int, document: dict[str, Any]) -> None:
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture
def cluster() -> Iterator[Kubernetes]:
    server = Kubernetes(
        {
            "/apis/gateway.networking.k8s.io/v1/gateways": [item("edge")],
            "/api/v1/services": [item("web", type="LoadBalancer"), item("inner", type="ClusterIP")],
            "/api/v1/persistentvolumeclaims": [item("disk")],
            "/apis/karpenter.sh/v1/nodepools": [item("players", None)],
        }
    )
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join(timeout=10)


def api(cluster: Kubernetes) -> drain.KubernetesApi:
    return drain.KubernetesApi(f"http://127.0.0.1:{cluster.server_address[1]}", None, "signed")


def test_finds_what_holds_something_and_nothing_else(cluster: Kubernetes) -> None:
    assert [str(held) for held in drain.holders(api(cluster))] == [
        "gateways chess/edge",
        "services chess/web",
        "persistentvolumeclaims chess/disk",
        "nodepools players",
    ]
    assert cluster.tokens == {"Bearer signed"}


def test_releases_each_at_its_own_address(cluster: Kubernetes) -> None:
    connected = api(cluster)
    drain.release(connected)
    assert cluster.deleted == [
        "/apis/gateway.networking.k8s.io/v1/namespaces/chess/gateways/edge",
        "/api/v1/namespaces/chess/services/web",
        "/api/v1/namespaces/chess/persistentvolumeclaims/disk",
        "/apis/karpenter.sh/v1/nodepools/players",
    ]
    assert drain.holders(connected) == ()


def test_the_token_is_a_signed_url_for_this_cluster_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "none")
    signed = drain.token(Clients(), "chess-dev", "eu-central-1")
    assert signed.startswith("k8s-aws-v1.")
    padded = signed.removeprefix("k8s-aws-v1.") + "=="
    url = base64.urlsafe_b64decode(padded).decode()
    assert url.startswith("https://sts.eu-central-1.amazonaws.com/?Action=GetCallerIdentity")
    assert "X-Amz-SignedHeaders=host%3Bx-k8s-aws-id" in url
