"""The node's components: from a Plan and a Home to arguments and configuration files. Pure."""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from chess_localcluster.paths import Cache, Home
from chess_localcluster.plan import (
    BRIDGE,
    BRIDGE_ADDRESS,
    DNS_SERVICE,
    DOMAIN,
    KUBELET_PORT,
    LOOPBACK,
    NODE_NAME,
    PAUSE_IMAGE,
    POD_CIDR,
    Plan,
)
from chess_localcluster.processes.component import Component

CNI_PROGRAMS = "/usr/lib/cni"
CNI_NETWORK = "localcluster"
CGROUP = "/localcluster"
DNS_PORT = 53
MODULE = (sys.executable, "-P", "-m")  # -P: modules of the directory in which `up` was called are not meant
ROTATION = "chess_localcluster.processes.rotation"


def containerd(home: Home, cache: Cache) -> Component:
    """Return containerd; it finds runc's shim by PATH."""
    return Component(
        name="containerd",
        argv=("containerd", "--config", str(home.conf / "containerd.toml")),
        env={"PATH": f"{cache.bin}:/usr/sbin:/usr/bin:/sbin:/bin"},
    )


def socket(home: Home) -> Path:
    """Return where containerd listens."""
    return home.run / "containerd.sock"


def node_components(plan: Plan, home: Home) -> list[Component]:
    """Return the components that start once containerd and the API server answer."""
    conf = home.conf
    kubelet = (
        "kubelet",
        f"--config={conf / 'kubelet.json'}",
        f"--kubeconfig={conf / 'kubelet.kubeconfig'}",
        f"--hostname-override={NODE_NAME}",
        f"--node-ip={BRIDGE_ADDRESS}",
        f"--root-dir={home.node / 'kubelet'}",
        "--v=1",
    )
    return [
        Component(
            name="kube-proxy",
            argv=("kube-proxy", f"--config={conf / 'kube-proxy.json'}", "--v=1"),
            port=(LOOPBACK, plan.ports.proxy_health),
        ),
        Component(
            name="coredns", argv=("coredns", "-conf", str(conf / "Corefile")), port=(BRIDGE_ADDRESS, DNS_PORT)
        ),
        Component(name="netpol", argv=(*MODULE, "chess_localcluster.netpol", str(home.root))),
        Component(name="logrotate", argv=(*MODULE, ROTATION, str(home.log))),
        Component(name="kubelet", argv=kubelet, port=(BRIDGE_ADDRESS, KUBELET_PORT)),
    ]


def files(plan: Plan, home: Home, cache: Cache, resolvers: tuple[str, ...]) -> Mapping[str, str]:
    """Return every configuration file of the node by its path below `conf`."""
    documents = {
        "kubelet.json": _kubelet(home),
        "kube-proxy.json": _kube_proxy(plan, home),
        "cni/10-localcluster.conflist": _cni(home),
    }
    return {
        "containerd.toml": _containerd(home, cache),
        "Corefile": corefile(plan, home, resolvers),
        "resolv.conf": f"nameserver {BRIDGE_ADDRESS}\n",
        **{name: json.dumps(document, indent=2) for name, document in documents.items()},
    }


def _kubelet(home: Home) -> dict[str, Any]:
    node, pki = home.node, home.pki
    return {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "address": BRIDGE_ADDRESS,
        "port": KUBELET_PORT,
        "readOnlyPort": 0,
        "healthzPort": 0,
        "authentication": {
            "anonymous": {"enabled": False},
            "webhook": {"enabled": True},
            "x509": {"clientCAFile": str(pki / "ca.crt")},
        },
        "authorization": {"mode": "Webhook"},
        "tlsCertFile": str(pki / "kubelet-server.crt"),
        "tlsPrivateKeyFile": str(pki / "kubelet-server.key"),
        "containerRuntimeEndpoint": f"unix://{socket(home)}",
        "clusterDNS": [DNS_SERVICE],
        "clusterDomain": DOMAIN,
        "resolvConf": str(home.conf / "resolv.conf"),
        "podLogsDir": str(node / "logs"),
        "volumePluginDir": str(node / "volume-plugins"),
        **_kubelet_on_small_machines(),
    }


def _kubelet_on_small_machines() -> dict[str, Any]:
    """Return limits for small machines. Measured: by the default percentages a large, nearly full disk has pressure."""
    return {
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": CGROUP,
        "failCgroupV1": False,
        "failSwapOn": False,
        "oomScoreAdj": 0,
        "evictionHard": {
            "memory.available": "100Mi",
            "nodefs.available": "200Mi",
            "imagefs.available": "200Mi",
            "nodefs.inodesFree": "1%",
            "imagefs.inodesFree": "1%",
            "pid.available": "1%",
        },
        "imageGCHighThresholdPercent": 100,
        "maxPods": 110,
        "podPidsLimit": 2048,
        "registryPullQPS": 50,
        "registryBurst": 100,
        "eventRecordQPS": 100,
        "eventBurst": 200,
        "kubeAPIQPS": 100,
        "kubeAPIBurst": 200,
        "serializeImagePulls": False,
        "syncFrequency": "10s",  # mounted Secrets and ConfigMaps are updated sooner than with the default minute
        "enableDebuggingHandlers": True,
        "shutdownGracePeriod": "0s",
    }


def _kube_proxy(plan: Plan, home: Home) -> dict[str, Any]:
    """Use iptables mode: only that serves NodePorts on 127.0.0.1, where players connect."""
    return {
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
        "kind": "KubeProxyConfiguration",
        "mode": "iptables",
        "clusterCIDR": POD_CIDR,
        "hostnameOverride": NODE_NAME,
        "clientConnection": {
            "kubeconfig": str(home.conf / "kube-proxy.kubeconfig"),
            "qps": 100,
            "burst": 200,
        },
        "nodePortAddresses": ["127.0.0.0/8", f"{BRIDGE_ADDRESS}/32"],
        "iptables": {"localhostNodePorts": True, "minSyncPeriod": "100ms", "syncPeriod": "30s"},
        # the machine's own connection table stays as it is
        "conntrack": {"maxPerCore": 0, "min": 0, "tcpEstablishedTimeout": "0s", "tcpCloseWaitTimeout": "0s"},
        "healthzBindAddress": f"{LOOPBACK}:{plan.ports.proxy_health}",
        "metricsBindAddress": f"{LOOPBACK}:{plan.ports.proxy_metrics}",
        "oomScoreAdj": 0,
    }


def _cni(home: Home) -> dict[str, Any]:
    ranges = [[{"subnet": POD_CIDR, "gateway": BRIDGE_ADDRESS}]]
    ipam = {"type": "host-local", "ranges": ranges, "dataDir": str(home.node / "ipam")}
    bridge = {"type": "bridge", "bridge": BRIDGE, "isDefaultGateway": True, "hairpinMode": True, "ipam": ipam}
    return {"cniVersion": "1.0.0", "name": CNI_NETWORK, "plugins": [bridge]}


def _containerd(home: Home, cache: Cache) -> str:
    """Set restrict_oom_score_adj: without CAP_SYS_RESOURCE every sandbox would fail to set its oom score."""
    return f"""\
version = 3
root = '{home.node / "containerd"}'
state = '{home.node / "containerd-state"}'
disabled_plugins = ['io.containerd.nri.v1.nri', 'io.containerd.internal.v1.opt',
  'io.containerd.snapshotter.v1.blockfile', 'io.containerd.snapshotter.v1.erofs', 'io.containerd.differ.v1.erofs']

[grpc]
address = '{socket(home)}'

[plugins.'io.containerd.cri.v1.images']
snapshotter = 'overlayfs'
[plugins.'io.containerd.cri.v1.images'.pinned_images]
sandbox = '{PAUSE_IMAGE}'

[plugins.'io.containerd.cri.v1.runtime']
restrict_oom_score_adj = true
netns_mounts_under_state_dir = true
[plugins.'io.containerd.cri.v1.runtime'.cni]
use_internal_loopback = true
bin_dirs = ['{CNI_PROGRAMS}']
conf_dir = '{home.conf / "cni"}'
[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc]
runtime_type = 'io.containerd.runc.v2'
[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc.options]
BinaryName = '{cache.bin / "runc"}'
SystemdCgroup = false
"""


def corefile(plan: Plan, home: Home, resolvers: tuple[str, ...]) -> str:
    """Answer for the cluster; forward the rest to the machine's resolvers, or answer NXDOMAIN if it has none.

    That NXDOMAIN comes from a server of its own: in one server CoreDNS asks `template` before `kubernetes`.
    """
    shared = f"bind {BRIDGE_ADDRESS}\n  errors\n  ready {LOOPBACK}:{plan.ports.dns_ready}\n  cache 30"
    health = f"health {LOOPBACK}:{plan.ports.dns_health}"
    forward = f"forward . {' '.join(resolvers)}" if resolvers else ""
    zones = f".:{DNS_PORT}" if resolvers else f"{DOMAIN}:{DNS_PORT} in-addr.arpa:{DNS_PORT}"
    cluster = f"""\
{zones} {{
  {shared}
  {health}
  kubernetes {DOMAIN} in-addr.arpa {{
    kubeconfig {home.conf / "coredns.kubeconfig"}
    pods insecure
    ttl 5
    {"fallthrough in-addr.arpa" if resolvers else ""}
  }}
  {forward}
}}
"""
    rest = f".:{DNS_PORT} {{\n  {shared}\n  template ANY ANY {{\n    rcode NXDOMAIN\n  }}\n}}\n"
    return cluster if resolvers else cluster + rest


def parse_resolvers(resolv_conf: str) -> tuple[str, ...]:
    """Return the machine's name servers from the text of /etc/resolv.conf."""
    rows = (line.split() for line in resolv_conf.splitlines())
    return tuple(row[1] for row in rows if len(row) > 1 and row[0] == "nameserver")
