"""A cluster whose only door is Git: Argo CD beside it, a repository to push to, and eyes on what comes of it."""

import asyncio
import json
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from chess_bench.cluster import targets
from chess_bench.cluster.kubectl import Kubectl, KubectlError
from chess_bench.gitops.application import Application
from chess_localcluster.argocd import run as argocd
from chess_localcluster.argocd.checkout import Checkout
from chess_localcluster.progress import Progress

PROJECT = Path(__file__).parents[3]
SYSTEM, GAMES, ARGOCD = "chess-system", "chess", "argocd"
GAME = "manifests/overlays/local/game/cluster.yaml"
OPERATOR = "manifests/overlays/local/operator/kustomization.yaml"
APPLICATIONS = "/apis/argoproj.io/v1alpha1/namespaces/argocd/applications"
CLUSTERS = f"/apis/chesscluster.dev/v1alpha1/namespaces/{GAMES}/chessclusters"
POLL_SECONDS = 0.25
PHASE = "/status/operationState/phase"
TERMINATE = (
    {"op": "test", "path": PHASE, "value": "Running"},
    {"op": "replace", "path": PHASE, "value": "Terminating"},
)
"""What Argo CD's own API does to an Application whose operation is to end."""


class TooLateError(AssertionError):
    """What was awaited did not come about in time; the message says what there was instead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GitOpsService:
    """Handles on everything."""

    kubectl: Kubectl
    checkout: Checkout
    running: argocd.Running
    stores: targets.StoreUrls = field(repr=False)  # passwords are in them

    @classmethod
    def begin(cls, progress: Progress, directory: Path | None = None) -> "GitOpsService":
        """Start Argo CD beside the local cluster that is up, and clone its repository with the project in it."""
        running = argocd.up(progress=progress)
        root = Path(directory or tempfile.mkdtemp(prefix="chess-gitops-")) / "clone"
        checkout = Checkout.of_project(PROJECT, running.repository, running.repository_url, root)
        target = targets.local_target()
        return cls(kubectl=target.kubectl, checkout=checkout, running=running, stores=target.stores)

    async def bootstrap(self) -> None:
        """Do what no Git repository should: bring the stores' URLs. Then apply the one directory that starts it all."""
        await self.kubectl.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": GAMES}})
        await self.give_secrets()
        await self.kubectl.run(
            "apply",
            "--server-side",
            "--force-conflicts",
            "-k",
            str(self.checkout.path("manifests/argocd/local")),
        )

    async def give_secrets(self) -> None:
        """Make the two Secrets, as the External Secrets Operator does on AWS."""
        urls = {"chess-redis": self.stores.redis, "chess-database": self.stores.database}
        await self.kubectl.apply(*(_secret(name, url) for name, url in urls.items()))

    async def application(self, name: str) -> Application:
        """Read an Application."""
        return Application.of(await self.kubectl.get(f"{APPLICATIONS}/{name}"))

    async def cluster(self) -> dict[str, Any]:
        """Read the ChessCluster."""
        return await self.kubectl.get(f"{CLUSTERS}/chess")

    async def entry(self) -> int:
        """Return the port of 127.0.0.1 by which players come in."""
        service = await self.kubectl.get(f"/api/v1/namespaces/{GAMES}/services/chess")
        port: int = service["spec"]["ports"][0]["nodePort"]
        return port

    @property
    def spec(self) -> dict[str, Any]:
        """The ChessCluster's spec in the checkout."""
        documents = self.checkout.documents(GAME)
        held: dict[str, Any] = next(one for one in documents if one["kind"] == "ChessCluster")["spec"]
        return held

    def edit(self, change: Callable[[dict[str, Any]], None]) -> None:
        """Change the ChessCluster's spec in the checkout."""
        documents = self.checkout.documents(GAME)
        change(next(one for one in documents if one["kind"] == "ChessCluster")["spec"])
        self.checkout.write(GAME, documents)

    def push(self, message: str) -> str:
        """Commit and push; return the revision."""
        return self.checkout.push(message)

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

        Patching `.operation` is no way: the last operation's state stays and mixes with the new one's.
        """
        await until(f"{name} is at rest", lambda: self._at_work(name), 60)
        body = {"name": name, "prune": True, "syncOptions": {"items": []}}
        path = f"/api/v1/applications/{name}/sync"
        await until(f"{name} takes the order", lambda: self._refused(path, body), 30)
        await until(f"{name} is synced anew", lambda: self._at_work(name), 60)

    async def _refused(self, path: str, body: dict[str, Any]) -> str | None:
        """Ask; Argo CD's own sync may have begun a moment before."""
        try:
            await self._call(path, body)
        except urllib.error.HTTPError as error:
            return f"{error.code}: {error.read().decode(errors='replace')[:300]}"
        return None

    async def _at_work(self, name: str) -> str | None:
        """`operation` is there from the request until the controller is done with it."""
        found = await self.kubectl.get(f"{APPLICATIONS}/{name}")
        state = found.get("status", {}).get("operationState") or {}
        busy = "operation" in found or state.get("phase") not in ("Succeeded", "Failed", "Error")
        return f"{state.get('phase')} since {state.get('startedAt')}" if busy else None

    async def settled(
        self, name: str, health: str = "Healthy", revision: str | None = None, seconds: float = 120
    ) -> float:
        """Wait until an Application is Synced to the revision, with that health; return the seconds it took."""

        async def complaint() -> str | None:
            return (await self.application(name)).unlike(health, revision)

        return await until(f"{name} is Synced and {health}", complaint, seconds)

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

    async def clear(self) -> None:
        """Take the Applications and all that they brought out of the cluster again, CRD included."""
        await refuse_others(self.kubectl)
        for name in ("chess-root", "chess"):
            await self._delete_application(name)
        await self._delete(
            "-n", GAMES, "chessclusters", "--all"
        )  # while the operator is there to say goodbye
        await asyncio.gather(
            self._delete("namespace", GAMES),
            self._clear_operator(),
            self._delete("clusterrole,clusterrolebinding", "chess-operator"),
            self._delete("crd", "chessclusters.chesscluster.dev"),
        )

    async def _clear_operator(self) -> None:
        await self._delete_application("chess-operator")
        await self._delete("namespace", SYSTEM)

    async def leave(self) -> None:
        """Take everything out again, Argo CD too."""
        await self.clear()
        await asyncio.gather(self._delete("namespace", ARGOCD), self._delete("crd", *argocd.CRDS))
        await asyncio.to_thread(argocd.down)

    async def _delete_application(self, name: str) -> None:
        """Delete it with all it brought, at once; Argo CD by itself would first go through every retry of a sync."""
        await self._delete("-n", ARGOCD, "applications.argoproj.io", name, "--wait=false")
        await until(f"{name} is gone", lambda: self._terminated(name), 150)

    async def _terminated(self, name: str) -> str | None:
        """End the operation that runs, if one does, as `argocd app terminate-op` does."""
        application = ("-n", ARGOCD, "applications.argoproj.io", name)
        found = await self._if_kind_exists("get", "--ignore-not-found", "-o", "json", *application)
        if not found:
            return None
        phase = Application.of(json.loads(found)).phase
        if phase == "Running":
            await self.kubectl.run("patch", *application, "--type=json", "-p", json.dumps(TERMINATE))
        return f"its last operation is {phase}"

    async def _delete(self, *what: str) -> None:
        await self._if_kind_exists(
            "delete", "--ignore-not-found", "--timeout=150s", *what, timeout_seconds=160
        )

    async def _if_kind_exists(self, *arguments: str, timeout_seconds: float = 60) -> str:
        """Run kubectl; a kind that the cluster does not have has no objects either, and gives an empty answer."""
        try:
            return await self.kubectl.run(*arguments, timeout_seconds=timeout_seconds)
        except KubectlError as error:
            if "the server doesn't have a resource type" not in str(error):
                raise
            return ""


async def refuse_others(kubectl: Kubectl) -> None:
    """Complain of ChessClusters elsewhere: to clear the cluster takes the CRD away, and without it they would go."""
    try:
        found = await kubectl.get("/apis/chesscluster.dev/v1alpha1/chessclusters")
    except KubectlError:
        return
    foreign = {one["metadata"]["namespace"] for one in found["items"]} - {GAMES}
    if foreign:
        raise targets.TargetError(
            f"ChessClusters are in use in {', '.join(sorted(foreign))}: end those first"
        )


def _secret(name: str, url: str) -> dict[str, Any]:
    metadata = {"name": name, "namespace": GAMES}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": {"url": url}}


async def until(what: str, complaint: Callable[[], Awaitable[str | None]], seconds: float) -> float:
    """Poll until there is nothing to complain about; return the seconds it took."""
    began = time.monotonic()
    while True:
        try:
            said = await complaint()
        except KubectlError as error:
            said = str(error)
        if said is None:
            return time.monotonic() - began
        if time.monotonic() - began > seconds:
            raise TooLateError(f"{what}: not within {seconds:.0f} s; last: {said}")
        await asyncio.sleep(POLL_SECONDS)
