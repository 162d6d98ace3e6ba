"""Helm, kustomize, Argo CD and promtool, built from their Go modules when a GitOps command or test first asks for them.

`up` needs none of them, so they are here and not among the node's builds.
"""

import sys
from pathlib import Path

from chess_localcluster.build import binaries
from chess_localcluster.build.binaries import Build
from chess_localcluster.paths import Cache
from chess_localcluster.plan import KUBERNETES_VERSION
from chess_localcluster.progress import Progress, Silent, Terminal

HELM_VERSION = "v3.22.0"
KUSTOMIZE_VERSION = "v5.8.1"
PROMETHEUS_VERSION = "v0.313.5"  # Prometheus 3.13, as its Go module counts
ARGOCD_VERSION = "v3.2.6"  # the last whose modules the Go proxy serves whole

_MAJOR, _MINOR, *_ = KUBERNETES_VERSION.removeprefix("v").split(".")
_HELM_FLAGS = (
    f"-X helm.sh/helm/v3/internal/version.version={HELM_VERSION}",
    f"-X helm.sh/helm/v3/pkg/chartutil.k8sVersionMajor={_MAJOR}",
    f"-X helm.sh/helm/v3/pkg/chartutil.k8sVersionMinor={_MINOR}",
)
HELM = Build(
    name="helm",
    module="helm",
    package="helm.sh/helm/v3/cmd/helm",
    title=f"Helm {HELM_VERSION}",
    linker=" ".join(("-s -w", *_HELM_FLAGS)),
)
KUSTOMIZE = Build(
    name="kustomize",
    module="kustomize",
    package="sigs.k8s.io/kustomize/kustomize/v5",
    title=f"kustomize {KUSTOMIZE_VERSION}",
    linker=f"-s -w -X sigs.k8s.io/kustomize/api/provenance.version={KUSTOMIZE_VERSION}",
)
ARGOCD = Build(
    name="argocd",
    module="argocd",
    package="github.com/argoproj/argo-cd/v3/cmd",
    title=f"Argo CD {ARGOCD_VERSION}",
    linker=f"-s -w -X github.com/argoproj/argo-cd/v3/common.version={ARGOCD_VERSION.removeprefix('v')}",
    names=(
        "argocd-application-controller",
        "argocd-repo-server",
        "argocd-server",
        "argocd-applicationset-controller",
    ),
)
PROMTOOL = Build(
    name="promtool",
    module="promtool",
    package="github.com/prometheus/prometheus/cmd/promtool",
    title=f"promtool of Prometheus {PROMETHEUS_VERSION}",
    tags="remove_all_sd",  # it evaluates rules here and discovers nothing: a third of the code
)


def ensure(*builds: Build, progress: Progress | None = None) -> Path:
    """Build the programs that are missing; return the directory of all programs."""
    cache = Cache.of_user()
    binaries.ensure(cache, builds, progress or Silent())
    return cache.bin


if __name__ == "__main__":
    if sys.argv[1:]:
        sys.exit("usage: python -m chess_localcluster.build.gitops_tools")
    print(ensure(HELM, KUSTOMIZE, ARGOCD, PROMTOOL, progress=Terminal()))
