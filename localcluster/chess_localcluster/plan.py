"""The plan of one cluster: every address and port, decided once and kept in its home."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from chess_localcluster.errors import ClusterError

LOOPBACK = "127.0.0.1"
NODE_NAME = "local"
BRIDGE = "lcbr0"
BRIDGE_ADDRESS = "10.88.0.1"
POD_CIDR = "10.88.0.0/16"
SERVICE_CIDR = "10.96.0.0/16"
API_SERVICE = "10.96.0.1"
DNS_SERVICE = "10.96.0.10"
DOMAIN = "cluster.local"
CONTEXT = "localcluster"
KUBERNETES_VERSION = "v1.36.3"
KUBELET_PORT = 10250
PAUSE_IMAGE = "localhost/localcluster/pause:1"
PORT_NAMES = ("api", "etcd", "etcd_peer", "proxy_health", "proxy_metrics", "dns_health", "dns_ready")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """Loopback ports of one cluster; they differ, so that several control planes can run on one machine."""

    api: int
    etcd: int
    etcd_peer: int
    proxy_health: int
    proxy_metrics: int
    dns_health: int
    dns_ready: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What `up` starts, and what a later `up` repairs."""

    home: Path
    nodes: int
    ports: Ports

    @property
    def api_host(self) -> str:
        """Pods reach the API server on the bridge; without a node it stays on loopback."""
        return BRIDGE_ADDRESS if self.nodes else LOOPBACK

    @property
    def api_url(self) -> str:
        """Where clients of this machine find the API server."""
        return f"https://{self.api_host}:{self.ports.api}"

    @property
    def etcd_url(self) -> str:
        """Where the API server finds its store."""
        return f"https://{LOOPBACK}:{self.ports.etcd}"

    def to_json(self) -> str:
        """Write the plan for the next command."""
        fields = {"home": str(self.home), "nodes": self.nodes, "ports": asdict(self.ports)}
        return json.dumps(fields, indent=2) + "\n"

    @classmethod
    def from_json(cls, text: str) -> "Plan":
        """Read what `to_json` wrote."""
        try:
            fields = json.loads(text)
            return cls(home=Path(fields["home"]), nodes=fields["nodes"], ports=Ports(**fields["ports"]))
        except (ValueError, KeyError, TypeError) as error:
            raise ClusterError(
                f"cluster.json cannot be read ({error}): remove it and run `up` again"
            ) from error
