"""What Argo CD is made of here: ports, programs and their arguments. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path

from chess_localcluster.paths import Home
from chess_localcluster.plan import LOOPBACK
from chess_localcluster.processes.component import Component

NAMESPACE = "argocd"
REPOSITORY = "chesscluster"
MANAGED_BY, PROGRAM = "app.kubernetes.io/managed-by", "localcluster"
"""The label by which its namespace is known from another Argo CD's."""
RECONCILE_SECONDS = 3
"""How often Argo CD polls Git. Elsewhere a webhook triggers it, and the usual 120 s are the fallback."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ArgoCDPorts:
    """Loopback ports."""

    git: int
    redis: int
    repo: int
    repo_metrics: int
    controller_metrics: int
    server: int
    server_metrics: int

    @classmethod
    def names(cls) -> tuple[str, ...]:
        """Name every port."""
        return tuple(field.name for field in fields(cls))


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Directories and files below one cluster's home, which `localcluster down` removes."""

    home: Home

    @property
    def root(self) -> Path:
        """Everything but Redis."""
        return self.home.conf / "argocd"

    @property
    def ports(self) -> Path:
        """The file that keeps the ports for the next command."""
        return self.root / "ports.json"

    @property
    def git(self) -> Path:
        """The directory of repositories that the Git server serves."""
        return self.root / "git"

    @property
    def bare(self) -> Path:
        """The one repository."""
        return self.git / f"{REPOSITORY}.git"

    @property
    def scratch(self) -> Path:
        """Checkouts and sockets of the repo server."""
        return self.root / "tmp"

    @property
    def redis(self) -> Path:
        """Redis' own directory, which its user may enter."""
        return self.home.stores / "argocd"


def components(
    places: Places, ports: ArgoCDPorts, programs: Path, redis_password: str, path: str
) -> list[Component]:
    """Return the programs in the order in which they start."""
    shared = {
        "PATH": f"{programs}:{path}",
        "HOME": str(places.root),
        "TMPDIR": str(places.scratch),
        "REDIS_PASSWORD": redis_password,
        "ARGOCD_GPG_ENABLED": "false",
        "ARGOCD_RECONCILIATION_TIMEOUT": f"{RECONCILE_SECONDS}s",
        "ARGOCD_RECONCILIATION_JITTER": "0s",
        "ARGOCD_REVISION_CACHE_LOCK_TIMEOUT": "0s",
        "KUBECONFIG": str(places.home.kubeconfig),
        "ARGOCD_FAKE_IN_CLUSTER": "true",
        "ARGOCD_ASK_PASS_SOCK": str(places.scratch / "ask-pass.sock"),
    }
    redis = ("--redis", f"{LOOPBACK}:{ports.redis}")
    repo = ("--repo-server", f"{LOOPBACK}:{ports.repo}", "--repo-server-plaintext")
    kubernetes = ("--kubeconfig", str(places.home.kubeconfig), "--namespace", NAMESPACE)
    listen = ("--address", LOOPBACK)
    return [
        Component(
            name="argocd-git",
            argv=(*git_daemon(places, ports),),
            port=(LOOPBACK, ports.git),
        ),
        _component(
            "repo-server",
            (
                *_ports(ports.repo, ports.repo_metrics),
                *listen,
                *redis,
                "--disable-tls",
                "--metrics-address",
                LOOPBACK,
            ),
            shared,
            ports.repo,
        ),
        _component(
            "application-controller",
            (
                "--metrics-port",
                str(ports.controller_metrics),
                *redis,
                *repo,
                *kubernetes,
                "--status-processors",
                "4",
                "--operation-processors",
                "4",
            ),
            shared,
            ports.controller_metrics,
        ),
        _component(
            "server",
            (*_ports(ports.server, ports.server_metrics), *listen, *redis, *repo, *kubernetes, "--insecure"),
            shared | {"ARGOCD_SERVER_METRICS_LISTEN_ADDRESS": LOOPBACK},
            ports.server,
        ),
    ]


def _ports(port: int, metrics: int) -> tuple[str, ...]:
    return "--port", str(port), "--metrics-port", str(metrics)


def _component(name: str, arguments: tuple[str, ...], env: Mapping[str, str], port: int) -> Component:
    full = f"argocd-{name}"
    return Component(name=full, argv=(full, *arguments, "--loglevel", "warn"), port=(LOOPBACK, port), env=env)


def git_daemon(places: Places, ports: ArgoCDPorts) -> tuple[str, ...]:
    """Serve the repositories to readers on this machine; pushes go to the directory."""
    return (
        "git",
        "daemon",
        f"--listen={LOOPBACK}",
        f"--port={ports.git}",
        f"--base-path={places.git}",
        "--export-all",
        "--reuseaddr",
        str(places.git),
    )


def repository_url(ports: ArgoCDPorts) -> str:
    """Return the URL as Argo CD reads it."""
    return f"git://{LOOPBACK}:{ports.git}/{REPOSITORY}.git"


def settings() -> str:
    """Return a kustomization of what is applied: Argo CD's own CRDs and settings, in its namespace."""
    return f"""\
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
namespace: {NAMESPACE}
resources: [namespace.yaml, crds, config]
"""


def namespace() -> str:
    """Return Argo CD's namespace."""
    return (
        "apiVersion: v1\nkind: Namespace\n"
        f"metadata: {{name: {NAMESPACE}, labels: {{{MANAGED_BY}: {PROGRAM}}}}}\n"
    )
