"""Where files are: a cache that outlives clusters, and one home per cluster, which `down` removes."""

import os
from dataclasses import dataclass
from pathlib import Path

from chess_localcluster.errors import ClusterError

DEFAULT_HOME = Path("/var/lib/localcluster")


def expanded(path: Path) -> Path:
    """Return a path with the user's home directory in place of `~`."""
    try:
        return path.expanduser()
    except RuntimeError as error:
        raise ClusterError(f"{path}: this user has no home directory; set $HOME") from error


@dataclass(frozen=True, slots=True, kw_only=True)
class Cache:
    """What is made once per machine: binaries, base image, wheels."""

    root: Path

    @classmethod
    def of_user(cls) -> "Cache":
        """Return the cache of the user who runs this, as the XDG convention places it."""
        base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
        return cls(root=expanded(Path(base)).absolute() / "chesscluster")

    @property
    def bin(self) -> Path:
        """Programs by name, links into the builds beside them."""
        return self.root / "bin"

    @property
    def images(self) -> Path:
        """Images as OCI archives, and what they are made from."""
        return self.root / "images"


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """The directory of one cluster."""

    root: Path

    @classmethod
    def at(cls, path: Path | None) -> "Home":
        """Return the home at `path`, else at $LOCALCLUSTER_HOME, else the machine's own.

        Links are followed once, here: the kernel shows mounts and open files by the directory itself.
        """
        chosen = path or Path(os.environ.get("LOCALCLUSTER_HOME") or DEFAULT_HOME)
        return cls(root=expanded(chosen).resolve())

    @property
    def plan(self) -> Path:
        """Addresses and ports of the cluster, written before its first process starts."""
        return self.root / "cluster.json"

    @property
    def kubeconfig(self) -> Path:
        """The administrator's kubeconfig."""
        return self.root / "kubeconfig"

    @property
    def pki(self) -> Path:
        """Certificates and keys, readable by the owner alone."""
        return self.root / "pki"

    @property
    def conf(self) -> Path:
        """Configuration files of the components."""
        return self.root / "conf"

    @property
    def run(self) -> Path:
        """Process records and sockets."""
        return self.root / "run"

    @property
    def log(self) -> Path:
        """One log per component."""
        return self.root / "log"

    @property
    def etcd(self) -> Path:
        """The cluster's state."""
        return self.root / "etcd"

    @property
    def node(self) -> Path:
        """Data of kubelet and containerd."""
        return self.root / "node"

    @property
    def stores(self) -> Path:
        """Redis and PostgreSQL beside the cluster, and their URLs."""
        return self.root / "stores"
