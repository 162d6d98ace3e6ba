"""etcd, API server, controller manager and scheduler: from a Plan to their arguments. Pure."""

from collections.abc import Mapping

from chess_localcluster.paths import Home
from chess_localcluster.plan import BRIDGE_ADDRESS, DOMAIN, LOOPBACK, POD_CIDR, SERVICE_CIDR, Plan
from chess_localcluster.processes.component import Component

ISSUER = f"https://kubernetes.default.svc.{DOMAIN}"


def control_plane(plan: Plan, home: Home) -> list[Component]:
    """Return the four in the order in which they start."""
    return [
        Component(name="etcd", argv=_etcd(plan, home), port=(LOOPBACK, plan.ports.etcd)),
        Component(name="kube-apiserver", argv=_apiserver(plan, home), port=(plan.api_host, plan.ports.api)),
        Component(name="kube-controller-manager", argv=_controller_manager(home)),
        Component(name="kube-scheduler", argv=_scheduler(home)),
    ]


def _flags(program: str, values: Mapping[str, object]) -> tuple[str, ...]:
    return (program, *(f"--{name}={value}" for name, value in values.items()))


def _etcd(plan: Plan, home: Home) -> tuple[str, ...]:
    """Require certificates on both ports: RBAC does not protect etcd."""
    pki = home.pki
    peer = f"https://{LOOPBACK}:{plan.ports.etcd_peer}"
    tls = {
        "cert-file": pki / "etcd.crt",
        "key-file": pki / "etcd.key",
        "trusted-ca-file": pki / "etcd-ca.crt",
    }
    return (
        *_flags(
            "etcd",
            {
                "name": "local",
                "data-dir": home.etcd,
                "listen-client-urls": plan.etcd_url,
                "advertise-client-urls": plan.etcd_url,
                "listen-peer-urls": peer,
                "initial-advertise-peer-urls": peer,
                "initial-cluster": f"local={peer}",
                **tls,
                **{f"peer-{name}": value for name, value in tls.items()},
                "log-level": "warn",
            },
        ),
        "--client-cert-auth",
        "--peer-client-cert-auth",
        "--unsafe-no-fsync",  # the cluster does not survive its machine anyway; tests save seconds
    )


def _apiserver(plan: Plan, home: Home) -> tuple[str, ...]:
    return _flags(
        "kube-apiserver",
        {
            "bind-address": plan.api_host,
            "secure-port": plan.ports.api,
            # the API server refuses to advertise loopback; without a node nothing reads this
            "advertise-address": BRIDGE_ADDRESS,
            "endpoint-reconciler-type": "lease" if plan.nodes else "none",
            "service-cluster-ip-range": SERVICE_CIDR,
            "authorization-mode": "Node,RBAC",
            "enable-admission-plugins": "NodeRestriction",
            "anonymous-auth": "false",
            "profiling": "false",
            "etcd-servers": plan.etcd_url,
            **_apiserver_files(home),
            "service-account-issuer": ISSUER,
            "requestheader-allowed-names": "front-proxy-client",
            "requestheader-extra-headers-prefix": "X-Remote-Extra-",
            "requestheader-group-headers": "X-Remote-Group",
            "requestheader-username-headers": "X-Remote-User",
            # by name, exec and logs would look the node up in DNS
            "kubelet-preferred-address-types": "InternalIP",
            "v": 1,
        },
    )


def _apiserver_files(home: Home) -> dict[str, object]:
    pki = home.pki
    return {
        "tls-cert-file": pki / "apiserver.crt",
        "tls-private-key-file": pki / "apiserver.key",
        "client-ca-file": pki / "ca.crt",
        "etcd-cafile": pki / "etcd-ca.crt",
        "etcd-certfile": pki / "apiserver-etcd.crt",
        "etcd-keyfile": pki / "apiserver-etcd.key",
        "kubelet-certificate-authority": pki / "ca.crt",
        "kubelet-client-certificate": pki / "apiserver-kubelet.crt",
        "kubelet-client-key": pki / "apiserver-kubelet.key",
        "service-account-key-file": pki / "service-accounts.pub",
        "service-account-signing-key-file": pki / "service-accounts.key",
        "requestheader-client-ca-file": pki / "front-proxy-ca.crt",
        "proxy-client-cert-file": pki / "front-proxy.crt",
        "proxy-client-key-file": pki / "front-proxy.key",
    }


def _controller_manager(home: Home) -> tuple[str, ...]:
    return _flags(
        "kube-controller-manager",
        {
            "kubeconfig": home.conf / "kube-controller-manager.kubeconfig",
            "secure-port": 0,  # one listener less; `up` checks its work instead of its health endpoint
            "leader-elect": "false",
            "use-service-account-credentials": "true",
            "service-account-private-key-file": home.pki / "service-accounts.key",
            "root-ca-file": home.pki / "ca.crt",
            "cluster-signing-cert-file": home.pki / "ca.crt",
            "cluster-signing-key-file": home.pki / "ca.key",
            "cluster-cidr": POD_CIDR,
            "kube-api-qps": 200,
            "kube-api-burst": 400,
            "profiling": "false",
            "v": 1,
        },
    )


def _scheduler(home: Home) -> tuple[str, ...]:
    return _flags("kube-scheduler", {"config": home.conf / "kube-scheduler.json", "secure-port": 0, "v": 1})


def scheduler_configuration(home: Home) -> dict[str, object]:
    """Return what has no flag: a scheduler faster than the default 50 requests a second."""
    return {
        "apiVersion": "kubescheduler.config.k8s.io/v1",
        "kind": "KubeSchedulerConfiguration",
        "leaderElection": {"leaderElect": False},
        "clientConnection": {
            "kubeconfig": str(home.conf / "kube-scheduler.kubeconfig"),
            "qps": 200,
            "burst": 400,
        },
        "enableProfiling": False,
    }
