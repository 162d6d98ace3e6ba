"""The service as Git delivers it: Argo CD, a repository to push to, and kubectl to see the result."""

import asyncio
import json
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from chess_bench.cluster import objects, targets
from chess_bench.cluster.kubectl import Kubectl, KubectlError
from chess_bench.cluster.polling import until
from chess_bench.gitops.application import Application
from chess_localcluster.argocd import plan
from chess_localcluster.argocd import run as argocd
from chess_localcluster.argocd.checkout import Checkout
from chess_localcluster.progress import Progress

PROJECT = Path(__file__).parents[3]
SYSTEM, GAMES, ARGOCD = "chess-system", "chess", "argocd"
DELIVERED = ("chess-root", "chess-operator", "chess-entry", "chess")
"""The Applications of the environment `local`."""
BOUNDS = ("chess-root-applications", "chess-operator-kinds")
"""Admission policies of the whole cluster, which the first `kubectl apply` brings."""
GAME = "manifests/overlays/local/game/cluster.yaml"
APPLICATIONS = "/apis/argoproj.io/v1alpha1/namespaces/argocd/applications"
CLUSTERS = f"/apis/chesscluster.dev/v1alpha1/namespaces/{GAMES}/chessclusters"
TRACKED = "argocd.argoproj.io/tracking-id"
PHASE = "/status/operationState/phase"
TERMINATE = (
    {"op": "test", "path": PHASE, "value": "Running"},
    {"op": "replace", "path": PHASE, "value": "Terminating"},
)
"""What Argo CD's own API does to an Application whose operation is to end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GitOpsService:
    """The service on the local cluster, with the repository that Argo CD follows."""

    kubectl: Kubectl
    checkout: Checkout
    running: argocd.RunningArgoCD
    stores: targets.StoreUrls = field(repr=False)
    """Not in the repr: they hold passwords."""

    @classmethod
    def begin(cls, progress: Progress, directory: Path | None = None) -> Self:
        """Start Argo CD beside the local cluster that is up, and clone its repository with the project in it."""
        running = argocd.up(progress=progress)
        root = Path(directory or tempfile.mkdtemp(prefix="chess-gitops-")) / "clone"
        checkout = Checkout.of_project(PROJECT, running.repository, running.repository_url, root)
        target = targets.local_target()
        return cls(kubectl=target.kubectl, checkout=checkout, running=running, stores=target.stores)

    async def bootstrap(self) -> None:
        """Make the Secrets, which Git must not hold; then apply the one directory from which Argo CD takes the rest."""
        await self.apply("manifests/namespaces")
        await self.kubectl.run("label", "--overwrite", "namespace", SYSTEM, GAMES, f"{objects.LABEL}=true")
        await self.give_secrets()
        await self.apply("manifests/argocd/local")

    async def apply(self, directory: str) -> None:
        """Apply a directory of the checkout, as the cluster's owner does."""
        path = str(self.checkout.path(directory))
        await self.kubectl.run("apply", "--server-side", "--force-conflicts", "-k", path)

    async def give_secrets(self) -> None:
        """Make the two Secrets, as the External Secrets Operator does on AWS."""
        urls = {"chess-redis": self.stores.redis, "chess-database": self.stores.database}
        await self.kubectl.apply(*(secret(name, url) for name, url in urls.items()))

    async def application(self, name: str) -> Application:
        """Read an Application."""
        return Application.of(await self.kubectl.get(f"{APPLICATIONS}/{name}"))

    async def cluster(self) -> dict[str, Any]:
        """Read the ChessCluster."""
        return await self.kubectl.get(f"{CLUSTERS}/chess")

    async def uid(self) -> str:
        """Read the ChessCluster's uid, which its games in the database carry."""
        uid: str = (await self.cluster())["metadata"]["uid"]
        return uid

    async def entry(self) -> int:
        """Return the port of 127.0.0.1 to which players connect."""
        service = await self.kubectl.get(f"/api/v1/namespaces/{GAMES}/services/chess")
        port: int = service["spec"]["ports"][0]["nodePort"]
        return port

    def edit(self, change: Callable[[dict[str, Any]], None]) -> None:
        """Change the ChessCluster's spec in the checkout."""
        documents = self.checkout.documents(GAME)
        change(next(one for one in documents if one["kind"] == "ChessCluster")["spec"])
        self.checkout.write(GAME, documents)

    def push(self, message: str) -> str:
        """Commit and push; return the revision."""
        return self.checkout.push(message)

    async def settled(
        self, name: str, health: str = "Healthy", revision: str | None = None, seconds: float = 120
    ) -> float:
        """Wait until an Application is Synced to the revision, with that health; return the seconds it took."""

        async def missing() -> str | None:
            return (await self.application(name)).unlike(health, revision)

        return await until(f"{name} is Synced and {health}", missing, seconds)

    async def clear(self) -> None:
        """Remove the Applications and everything that they brought, including the CRD."""
        await refuse_others(self.kubectl)
        for name in ("chess-root", "chess", "chess-entry", "chess-monitoring"):
            await self._delete_application(name)
        await self._delete("-n", GAMES, "chessclusters", "--all")  # while the operator can still drain them
        await asyncio.gather(self._delete("namespace", GAMES), self._clear_operator())

    async def _clear_operator(self) -> None:
        await self._delete_application("chess-operator")  # which would heal what goes before it
        await asyncio.gather(
            self._delete("namespace", SYSTEM),
            self._delete("clusterrole,clusterrolebinding", "chess-operator"),  # of an install by Helm
            self._delete("crd", "chessclusters.chesscluster.dev"),
        )

    async def leave(self) -> None:
        """Remove everything, including Argo CD."""
        await self.clear()
        policies = "validatingadmissionpolicies,validatingadmissionpolicybindings"
        await asyncio.gather(
            self._delete("namespace", ARGOCD),
            self._delete("crd", *argocd.CRDS),
            self._delete(policies, *BOUNDS),
        )
        await asyncio.to_thread(argocd.down)

    async def _delete_application(self, name: str) -> None:
        """Delete it and what it brought, at once; Argo CD itself would first finish every retry of a sync."""
        await self._delete("-n", ARGOCD, "applications.argoproj.io", name, "--wait=false")
        await until(f"{name} is gone", lambda: self._terminated(name), 150)

    async def _terminated(self, name: str) -> str | None:
        """End a running operation, as `argocd app terminate-op` does; return its phase, None once it is gone."""
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
        """Run kubectl; return an empty answer if the cluster does not have the kind."""
        try:
            return await self.kubectl.run(*arguments, timeout_seconds=timeout_seconds)
        except KubectlError as error:
            if "the server doesn't have a resource type" not in str(error):
                raise
            return ""


async def refuse_others(kubectl: Kubectl) -> None:
    """Refuse to go on if other namespaces hold ChessClusters: `clear` removes the CRD, and them with it."""
    try:
        found = await kubectl.get("/apis/chesscluster.dev/v1alpha1/chessclusters")
    except KubectlError:
        return
    foreign = {one["metadata"]["namespace"] for one in found["items"]} - {GAMES}
    if foreign:
        raise targets.TargetError(
            f"ChessClusters are in use in {', '.join(sorted(foreign))}: delete those first"
        )


async def refuse_foreign(kubectl: Kubectl) -> None:
    """Refuse to go on where a namespace that `clear` removes is somebody else's: not a demo's and not Git's."""
    wanted = ("namespace", SYSTEM, GAMES, ARGOCD)
    found = await kubectl.run("get", "--ignore-not-found", "-o", "json", *wanted)
    document = json.loads(found or "{}")
    items = document.get("items", [document] if document else [])
    foreign = sorted(one["metadata"]["name"] for one in items if not _is_ours(one["metadata"]))
    if foreign:
        raise targets.TargetError(
            f"not of this demo, which would clear them: namespaces {', '.join(foreign)}; delete them first"
        )


def _is_ours(metadata: dict[str, Any]) -> bool:
    labels, annotations = metadata.get("labels") or {}, metadata.get("annotations") or {}
    by = labels.get(objects.LABEL) == "true" or labels.get(plan.MANAGED_BY) == plan.PROGRAM
    return by or TRACKED in annotations


def secret(name: str, url: str) -> dict[str, Any]:
    """Make a Secret that holds a store's URL."""
    metadata = {"name": name, "namespace": GAMES}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": {"url": url}}
