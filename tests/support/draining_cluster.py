"""A Kubernetes that holds things in AWS: a real API server, and what stands in for the controllers that would call AWS.

`Controllers` takes a finalizer off a little after it is asked to, as a load balancer or a volume takes a while to go,
and stands in for the kubelet.
"""

import json
import subprocess
import threading
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from chess_localcluster.paths import Cache
from chess_stacks.destroy import drain, kubernetes

FINALIZER = "example.org/gives-aws-back"
GOING_TURNS = 3
"""How many looks a thing takes to go."""


@dataclass
class Kubectl:
    """kubectl on one cluster, and a token of an administrator."""

    kubeconfig: Path

    def run(self, *arguments: str, stdin: str | None = None, check: bool = True) -> str:
        command = [str(Cache.of_user().bin / "kubectl"), "--kubeconfig", str(self.kubeconfig), *arguments]
        done = subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0 or not check, done.stderr
        return done.stdout

    def apply(self, *documents: dict[str, Any]) -> None:
        self.run(
            "apply", "-f", "-", stdin=json.dumps({"apiVersion": "v1", "kind": "List", "items": documents})
        )

    def token(self) -> str:
        self.run("create", "serviceaccount", "destroyer", "--namespace", "kube-system", check=False)
        role = ("--clusterrole=cluster-admin", "--serviceaccount=kube-system:destroyer")
        self.run("create", "clusterrolebinding", "destroyer", *role, check=False)
        return self.run("create", "token", "destroyer", "--namespace", "kube-system").strip()


def definition(group: str, kind: str, version: str, scope: str) -> dict[str, Any]:
    """Write a CRD that takes anything; the drain looks at no more than what is checked here."""
    plural = f"{kind.lower()}s"
    schema = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {
            "name": f"{plural}.{group}",
            "annotations": {"api-approved.kubernetes.io": "unapproved, a test's stand-in"},
        },
        "spec": {
            "group": group,
            "scope": scope,
            "names": {"kind": kind, "plural": plural, "singular": kind.lower()},
            "versions": [{"name": version, "served": True, "storage": True, "schema": schema}],
        },
    }


DEFINITIONS = (
    definition("gateway.networking.k8s.io", "Gateway", "v1", "Namespaced"),
    definition("argoproj.io", "Application", "v1alpha1", "Namespaced"),
    definition("karpenter.sh", "NodePool", "v1", "Cluster"),
    definition("karpenter.sh", "NodeClaim", "v1", "Cluster"),
)


def metadata(name: str, *, namespaced: bool = True, finalizers: bool = True) -> dict[str, Any]:
    """Name a thing, with the finalizer that a controller would put on it."""
    place = {"namespace": "default"} if namespaced else {}
    return {"name": name, **place, **({"finalizers": [FINALIZER]} if finalizers else {})}


INGRESS = {
    "apiVersion": "networking.k8s.io/v1",
    "kind": "Ingress",
    "metadata": metadata("web"),
    "spec": {"defaultBackend": {"service": {"name": "web", "port": {"number": 80}}}},
}
VOLUME = {
    "apiVersion": "v1",
    "kind": "PersistentVolume",
    "metadata": metadata("disk", namespaced=False),
    "spec": {
        "capacity": {"storage": "1Gi"},
        "accessModes": ["ReadWriteOnce"],
        "persistentVolumeReclaimPolicy": "Delete",
        "storageClassName": "",
        "csi": {"driver": "ebs.csi.aws.com", "volumeHandle": "vol-0a1b"},
        "claimRef": {"namespace": "default", "name": "data-redis-0"},
    },
}
REDIS = {
    "apiVersion": "apps/v1",
    "kind": "StatefulSet",
    "metadata": metadata("redis", finalizers=False),
    "spec": {
        "serviceName": "redis",
        "selector": {"matchLabels": {"app": "redis"}},
        "template": {
            "metadata": {"labels": {"app": "redis"}},
            "spec": {
                # Placed by hand: a claim is protected from the day its pod has a node.
                "nodeName": "node-of-nobody",
                "containers": [
                    {
                        "name": "redis",
                        "image": "redis",
                        "volumeMounts": [{"name": "data", "mountPath": "/data"}],
                    }
                ],
            },
        },
        "volumeClaimTemplates": [
            {
                "metadata": {"name": "data"},
                "spec": {
                    "accessModes": ["ReadWriteOnce"],
                    "storageClassName": "",
                    "resources": {"requests": {"storage": "1Gi"}},
                },
            }
        ],
    },
}


def service(name: str, kind: str, *, finalizers: bool) -> dict[str, Any]:
    spec = {"type": kind, "selector": {"app": "web"}, "ports": [{"port": 80}]}
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": metadata(name, finalizers=finalizers),
        "spec": spec,
    }


def custom(version: str, kind: str, name: str, *, namespaced: bool) -> dict[str, Any]:
    return {
        "apiVersion": version,
        "kind": kind,
        "metadata": metadata(name, namespaced=namespaced),
        "spec": {},
    }


HOLDING = (
    custom("gateway.networking.k8s.io/v1", "Gateway", "edge", namespaced=True),
    custom("karpenter.sh/v1", "NodePool", "players", namespaced=False),
    custom("karpenter.sh/v1", "NodeClaim", "players-0a1b", namespaced=False),
    INGRESS,
    service("web", "LoadBalancer", finalizers=True),
    service("inner", "ClusterIP", finalizers=False),
    VOLUME,
    REDIS,
)


@dataclass
class Controllers:
    """What would clean up in AWS, and Argo CD, which would not have it."""

    api: kubernetes.KubernetesApi
    kubectl: Kubectl
    released: list[str] = field(default_factory=list)
    put_back: int = 0
    still: frozenset[str] = frozenset()
    """Kinds that nobody gives back: a controller that is gone."""
    failed: list[BaseException] = field(default_factory=list)
    _looks: Counter[str] = field(default_factory=Counter)
    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._run)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        assert self._thread is not None
        self._thread.join(timeout=60)
        assert self.failed == []

    def _run(self) -> None:
        try:
            while not self._stop.wait(0.05):
                self._sync()
                self._volumes()
                for held in self._going():
                    self._give_back(held)
        except Exception as error:  # noqa: BLE001 - raised by the test that waits for it
            self.failed.append(error)

    def _going(self) -> list[drain.Held]:
        pods = [drain._held("/api/v1/pods", pod) for pod in self.api.list("/api/v1/pods")]
        return [held for held in (*drain.holders(self.api), *pods) if held.deleting]

    def _give_back(self, held: drain.Held) -> None:
        kind = held.collection.rsplit("/", 1)[1]
        self._looks[held.uid] += 1
        if self._looks[held.uid] >= GOING_TURNS and kind not in self.still:
            if kind == "pods":  # no kubelet will say that it has ended
                self.kubectl.run("delete", "pod", held.name, "--force", "--grace-period=0", check=False)
            elif kind != "persistentvolumeclaims":  # whose finalizer is Kubernetes' own
                self.released.append(str(held))
                self.api.remove_finalizers(held.path)

    def _volumes(self) -> None:
        """Delete a volume whose claim is gone, as its driver does."""
        for volume in self.api.list("/api/v1/persistentvolumes"):
            if volume.get("status", {}).get("phase") == "Released" and "volumes" not in self.still:
                self.api.delete(f"/api/v1/persistentvolumes/{volume['metadata']['name']}")

    def _sync(self) -> None:
        """Put the Ingress back for as long as an Application wants it."""
        if self.api.list("/apis/argoproj.io/v1alpha1/applications") and not self.api.list(
            "/apis/networking.k8s.io/v1/ingresses"
        ):
            self.kubectl.apply(INGRESS)
            self.put_back += 1
