"""The local cluster's kubectl for tests that poll: reads go straight to the API server.

A `kubectl get` takes a tenth of a second of a core, and tests that wait ask several times per second.
"""

import asyncio
import http.client
from dataclasses import dataclass
from typing import Any

from chess_bench.cluster import targets
from chess_bench.cluster.kubectl import Kubectl, KubectlError
from chess_localcluster.controlplane.api import Api
from chess_localcluster.errors import ClusterError
from chess_localcluster.paths import Home
from chess_localcluster.plan import Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalKubectl(Kubectl):
    """kubectl, but for its reads."""

    api: Api

    async def get(self, path: str) -> dict[str, Any]:
        try:
            found = await asyncio.to_thread(self.api.get, path)
        except (ClusterError, OSError, http.client.HTTPException) as error:
            raise KubectlError(f"GET {path}: {error}") from error
        if found is None:
            raise KubectlError(f"GET {path}: not found")
        return found


def local_kubectl() -> LocalKubectl:
    """Return that of the local cluster, which is up."""
    home, usual = Home.at(None), targets.local_kubectl()
    api = Api.of(Plan.from_json(home.plan.read_text()), home.pki)
    return LocalKubectl(program=usual.program, options=usual.options, api=api)
