"""The service that Git delivers, and what only tests do to it: refresh and sync Applications, run actions."""

import asyncio
import json
import urllib.error
import urllib.request
from typing import Any

from chess_bench.cluster.polling import until
from chess_bench.gitops.application import Application
from chess_bench.gitops.service import APPLICATIONS, ARGOCD, GAME, GAMES, GitOpsService

OPERATOR = "manifests/overlays/local/operator/kustomization.yaml"


class World(GitOpsService):
    """The delivered service in the hands of a test."""

    @property
    def spec(self) -> dict[str, Any]:
        """Return the ChessCluster's spec in the checkout."""
        documents = self.checkout.documents(GAME)
        held: dict[str, Any] = next(one for one in documents if one["kind"] == "ChessCluster")["spec"]
        return held

    async def failed(self, name: str, revision: str) -> Application:
        """Wait until Argo CD has tried this revision in vain, whether or not it will try again."""

        async def complaint() -> str | None:
            found = await self.application(name)
            if found.failing and found.operated == revision:
                return None
            return f"{found.phase} of {found.operated[:8]}: {found.message}"

        await until(f"a sync of {name} has failed", complaint, 90)
        return await self.application(name)

    async def refresh(self, name: str, kind: str = "hard") -> None:
        """Ask Argo CD to look again, as a webhook or the button in its pages does."""
        await self.kubectl.run(
            "-n",
            ARGOCD,
            "annotate",
            "--overwrite",
            "applications.argoproj.io",
            name,
            f"argocd.argoproj.io/refresh={kind}",
        )
        await until(f"{name} is refreshed", lambda: self._refreshed(name), 60)

    async def _refreshed(self, name: str) -> str | None:
        found = await self.kubectl.get(f"{APPLICATIONS}/{name}")
        return (
            "being refreshed"
            if "argocd.argoproj.io/refresh" in found["metadata"].get("annotations", {})
            else None
        )

    async def sync(self, name: str) -> None:
        """Apply everything anew, without options, through Argo CD's API, and wait for its end.

        Patching `.operation` does not work: the last operation's state stays and mixes with the new one's.
        """
        await until(f"{name} is at rest", lambda: self._at_work(name), 60)
        body = {"name": name, "prune": True, "syncOptions": {"items": []}}
        path = f"/api/v1/applications/{name}/sync"
        await until(f"{name} takes the order", lambda: self._refused(path, body), 30)
        await until(f"{name} is synced anew", lambda: self._at_work(name), 60)

    async def _refused(self, path: str, body: dict[str, Any]) -> str | None:
        """Ask for it; return why it was refused: Argo CD's own sync may have just begun."""
        try:
            await self._call(path, body)
        except urllib.error.HTTPError as error:
            return f"{error.code}: {error.read().decode(errors='replace')[:300]}"
        return None

    async def _at_work(self, name: str) -> str | None:
        """Return what runs, if anything: `operation` exists from the request until the controller has handled it."""
        found = await self.kubectl.get(f"{APPLICATIONS}/{name}")
        state = found.get("status", {}).get("operationState") or {}
        busy = "operation" in found or state.get("phase") not in ("Succeeded", "Failed", "Error")
        return f"{state.get('phase')} since {state.get('startedAt')}" if busy else None

    async def act(self, action: str) -> None:
        """Run a resource action on the ChessCluster through Argo CD's API, as its pages do."""
        body = {
            "name": "chess", "namespace": GAMES, "resourceName": "chess", "version": "v1alpha1",
            "group": "chesscluster.dev", "kind": "ChessCluster", "action": action,
        }  # fmt: skip
        await self._call("/api/v1/applications/chess/resource/actions/v2", body)

    async def _call(self, path: str, body: dict[str, Any]) -> None:
        """Ask Argo CD's API for something, as its administrator."""
        template = "go-template={{.data.password|base64decode}}"
        secret = await self.kubectl.run(
            "-n", ARGOCD, "get", "secret", "argocd-initial-admin-secret", "-o", template
        )
        credentials = {"username": "admin", "password": secret}
        token = await asyncio.to_thread(self._post, "/api/v1/session", credentials, None)
        await asyncio.to_thread(self._post, path, body, token["token"])

    def _post(self, path: str, body: dict[str, Any], token: str | None) -> dict[str, Any]:
        headers = {"Content-Type": "application/json"} | (
            {"Authorization": f"Bearer {token}"} if token else {}
        )
        request = urllib.request.Request(self.running.server_url + path, json.dumps(body).encode(), headers)  # noqa: S310 - our own loopback URL
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - likewise
            answered: dict[str, Any] = json.loads(answer.read() or b"{}")
        return answered
