"""A namespace on the local cluster for tests of the cluster itself, and pods under the strictest security level."""

import subprocess
from pathlib import Path
from typing import Any

from polling import wait_until

from chess_localcluster.controlplane.api import Api
from chess_localcluster.images import base
from chess_localcluster.node import containers
from chess_localcluster.paths import Cache, Home
from chess_localcluster.plan import Plan
from chess_localcluster.progress import Silent

RESTRICTED = {"pod-security.kubernetes.io/enforce": "restricted"}


class Namespace:
    """A namespace of the local cluster, with kubectl at hand."""

    def __init__(self, api: Api, name: str, kubeconfig: Path) -> None:
        self.api, self.name, self._kubeconfig = api, name, kubeconfig

    def kubectl(self, *arguments: str, check: bool = True) -> str:
        program = [
            str(Cache.of_user().bin / "kubectl"),
            "--kubeconfig",
            str(self._kubeconfig),
            "-n",
            self.name,
        ]
        answer = subprocess.run(
            [*program, *arguments], capture_output=True, text=True, check=False, timeout=120
        )
        assert answer.returncode == 0 or not check, answer.stderr
        return answer.stdout + ("" if check else answer.stderr)

    def apply(self, document: dict[str, Any]) -> None:
        metadata = document["metadata"] | {"namespace": self.name}
        self.api.apply(document | {"metadata": metadata})

    def python(self, pod: str, code: str) -> str:
        return self.kubectl("exec", pod, "--", "python3", "-c", code, check=False).strip()

    def get(self, path: str) -> dict[str, Any]:
        return self.api.get(f"/api/v1/namespaces/{self.name}/{path}") or {}


def pod(name: str, code: str, *, labels: dict[str, str] | None = None, **container: Any) -> dict[str, Any]:
    """A pod under the strictest Pod Security level that runs one line of Python."""
    limited = {"requests": {"cpu": "10m"}, "limits": {"memory": "64Mi"}}
    security = {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    main = {"name": "main", "image": base.NAME, "command": ["python3", "-c", code], "resources": limited}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "labels": labels or {"app": name}},
        "spec": {
            "terminationGracePeriodSeconds": 0,
            "automountServiceAccountToken": False,
            "restartPolicy": "Never",
            "securityContext": {
                "runAsNonRoot": True,
                "runAsUser": 10001,
                "seccompProfile": {"type": "RuntimeDefault"},
            },
            "containers": [main | {"securityContext": security} | container],
        },
    }


def load_base(home: Home) -> None:
    cache = Cache.of_user()
    if base.NAME not in containers.names(home, cache):
        containers.load(home, cache, base.archive(cache, Silent()))


def make_namespace(home: Home, name: str) -> Namespace:
    api = Api.of(Plan.from_json(home.plan.read_text()), home.pki)
    found = Namespace(api, name, home.kubeconfig)
    api.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": RESTRICTED}})
    wait_until(lambda: found.get("serviceaccounts/default"), f"{name} has its default account")
    return found
