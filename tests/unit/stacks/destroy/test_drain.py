"""Draining: what holds something in AWS is deleted through the API, and what would undo that goes first."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from chess_stacks.account.backoff import Backoff
from chess_stacks.destroy import drain
from chess_stacks.destroy.kubernetes import KubernetesApi


def item(name: str, namespace: str | None = "chess", **spec: Any) -> dict[str, Any]:
    metadata = {"name": name} | ({"namespace": namespace} if namespace else {})
    return {"metadata": metadata, "spec": spec}


class Kubernetes(ThreadingHTTPServer):
    """Just enough of an API server: collections of items, deletions, and who asked."""

    def __init__(self, collections: dict[str, list[dict[str, Any]]]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.collections = collections
        self.deleted: list[str] = []
        self.remove_finalizers: list[tuple[str, str]] = []
        self.tokens: set[str | None] = set()


class _Handler(BaseHTTPRequestHandler):
    server: Kubernetes

    def do_GET(self) -> None:
        self.server.tokens.add(self.headers["Authorization"])
        items = self.server.collections.get(self.path)
        self._answer(404 if items is None else 200, {"items": items})

    def do_DELETE(self) -> None:
        path, _, query = self.path.partition("?")
        assert query == "propagationPolicy=Background", "or a Job would leave its pods behind"
        self.server.deleted.append(path)
        for items in self.server.collections.values():
            items[:] = [entry for entry in items if not path.endswith(f"/{entry['metadata']['name']}")]
        self._answer(200, {})

    def do_PATCH(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.server.remove_finalizers.append((self.path, self.headers["Content-Type"]))
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
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join(timeout=60)


def api(cluster: Kubernetes) -> KubernetesApi:
    return KubernetesApi(f"http://127.0.0.1:{cluster.server_address[1]}", None, "signed")


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
    drain.release(connected, drain.holders(connected))
    assert cluster.deleted == [
        "/apis/gateway.networking.k8s.io/v1/namespaces/chess/gateways/edge",
        "/api/v1/namespaces/chess/services/web",
        "/api/v1/namespaces/chess/persistentvolumeclaims/disk",
        "/apis/karpenter.sh/v1/nodepools/players",
    ]
    assert drain.holders(connected) == ()


def test_what_is_going_already_is_waited_for_and_not_asked_again(cluster: Kubernetes) -> None:
    cluster.collections["/api/v1/services"][0]["metadata"]["deletionTimestamp"] = "2026-11-21T12:00:00Z"
    connected = api(cluster)
    found = drain.holders(connected)
    assert "services chess/web" in [str(held) for held in found]
    assert "services chess/web" not in [str(held) for held in drain.release(connected, found)]


USES: dict[str, Any] = {"volumes": [{"persistentVolumeClaim": {"claimName": "disk"}}]}
OWNER = [{"kind": "StatefulSet", "name": "redis", "controller": True}]


@pytest.mark.parametrize(
    "collection,spec,owners,asked",
    [
        ("/api/v1/pods", USES, [], True),
        ("/api/v1/pods", USES, OWNER, False),
        ("/api/v1/pods", {"volumes": [{"emptyDir": {}}]}, [], False),
        ("/apis/apps/v1/statefulsets", {"volumeClaimTemplates": [{}]}, [], True),
        ("/apis/apps/v1/deployments", {"template": {"spec": USES}}, [], True),
        ("/apis/apps/v1/replicasets", {"template": {"spec": USES}}, OWNER, False),
        ("/apis/batch/v1/cronjobs", {"jobTemplate": {"spec": {"template": {"spec": USES}}}}, [], True),
    ],
    ids=["pod", "pod of a set", "pod without", "stateful set", "deployment", "of a deployment", "cron job"],
)
def test_what_uses_a_claim_goes_before_it(
    cluster: Kubernetes, collection: str, spec: dict[str, Any], owners: list[Any], *, asked: bool
) -> None:
    user = item("user", **spec)
    user["metadata"]["ownerReferences"] = owners
    cluster.collections[collection] = [user]
    connected = api(cluster)
    drain.release(connected, drain.holders(connected))
    kind = collection.rsplit("/", 1)[1]
    paths = [path for path in cluster.deleted if path.endswith(f"/{kind}/user")]
    assert bool(paths) is asked
    claim = "/api/v1/namespaces/chess/persistentvolumeclaims/disk"
    assert not asked or cluster.deleted.index(paths[0]) < cluster.deleted.index(claim)


def test_a_volume_is_waited_for_where_its_end_is_the_drivers_business(cluster: Kubernetes) -> None:
    volumes = {
        "bound": {"persistentVolumeReclaimPolicy": "Delete", "csi": {"driver": "ebs.csi.aws.com"}},
        "kept": {"persistentVolumeReclaimPolicy": "Retain", "csi": {"driver": "ebs.csi.aws.com"}},
        "local": {"persistentVolumeReclaimPolicy": "Delete", "hostPath": {"path": "/data"}},
    }
    cluster.collections = {
        "/api/v1/persistentvolumes": [item(name, None, **spec) for name, spec in volumes.items()]
    }
    connected = api(cluster)
    found = drain.holders(connected)
    assert [str(held) for held in found] == ["persistentvolumes bound"]
    assert drain.release(connected, found) == ()
    assert cluster.deleted == []


def test_argo_cd_is_stopped_without_deleting_what_it_made(cluster: Kubernetes) -> None:
    cluster.collections["/apis/argoproj.io/v1alpha1/applications"] = [item("chess", "argocd")]
    assert [str(held) for held in drain.stop_syncers(api(cluster))] == ["applications argocd/chess"]
    path = "/apis/argoproj.io/v1alpha1/namespaces/argocd/applications/chess"
    assert cluster.remove_finalizers == [(path, "application/merge-patch+json")]
    assert cluster.deleted == [path]


class Stubborn:
    """A cluster with one ingress, which goes when it is deleted only if `gone`, and is recreated if `made_again`."""

    def __init__(self, *, gone: bool = False, made_again: bool = False) -> None:
        self.gone, self.made_again = gone, made_again
        self.asked = 0

    def list(self, collection: str) -> list[dict[str, Any]]:
        if not collection.endswith("/ingresses") or (self.gone and self.asked):
            return []
        uid = str(self.asked) if self.made_again else "0"
        return [{"metadata": {"name": "web", "namespace": "chess", "uid": uid}}]

    def delete(self, _path: str) -> None:
        self.asked += 1

    def remove_finalizers(self, path: str) -> None:
        raise AssertionError(path)


@pytest.mark.parametrize(
    "api,left",
    [
        (Stubborn(gone=True), ()),
        (Stubborn(), ("ingresses chess/web",)),
        (Stubborn(made_again=True), ("ingresses chess/web (something recreates it)",)),
    ],
    ids=["released", "stuck", "recreated"],
)
def test_what_is_not_released_in_time_is_returned(api: Stubborn, left: tuple[str, ...]) -> None:
    reported: list[str] = []
    assert drain.drain(api, reported.append, Backoff(sleep=lambda _seconds: None)) == left
    assert reported[0] == "draining ingresses chess/web"
