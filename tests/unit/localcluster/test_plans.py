"""The pure parts: from a plan to certificates, arguments, files and rules."""

from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from chess_localcluster.build import golang
from chess_localcluster.controlplane import certificates
from chess_localcluster.controlplane.api import path_of, plural
from chess_localcluster.controlplane.certificates import IDENTITIES, Identity
from chess_localcluster.controlplane.components import control_plane
from chess_localcluster.controlplane.kubeconfigs import component
from chess_localcluster.errors import ClusterError
from chess_localcluster.images import dockerfile, dockerignore
from chess_localcluster.machine import mounts, ports
from chess_localcluster.node import config, network
from chess_localcluster.paths import Cache, Home
from chess_localcluster.plan import PORT_NAMES, Plan, Ports
from chess_localcluster.processes import process
from chess_localcluster.stores.managed import urls

PORTS = Ports(**{name: 20000 + number for number, name in enumerate(PORT_NAMES)})
HOME = Home(root=Path("/var/lib/x"))


def make_plan(nodes: int) -> Plan:
    return Plan(home=HOME.root, nodes=nodes, ports=PORTS)


def arguments(nodes: int, name: str) -> tuple[str, ...]:
    return next(found.argv for found in control_plane(make_plan(nodes), HOME) if found.name == name)


def test_a_plan_survives_being_written_and_read() -> None:
    assert Plan.from_json(make_plan(1).to_json()) == make_plan(1)


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"home": "/x", "nodes": 1, "ports": {"api": 1}}'])
def test_a_broken_plan_is_one_line(text: str) -> None:
    with pytest.raises(ClusterError, match=r"cluster\.json cannot be read"):
        Plan.from_json(text)


@pytest.mark.parametrize("nodes, host", [(0, "127.0.0.1"), (1, "10.88.0.1")])
def test_the_api_server_listens_where_its_clients_are(nodes: int, host: str) -> None:
    assert f"--bind-address={host}" in arguments(nodes, "kube-apiserver")
    assert make_plan(nodes).api_url == f"https://{host}:20000"


def test_nobody_is_anonymous() -> None:
    assert "--anonymous-auth=false" in arguments(1, "kube-apiserver")
    assert "--client-cert-auth" in arguments(1, "etcd")
    files = config.files(make_plan(1), HOME, Cache(root=Path("/c")), ())
    assert '"anonymous": {\n      "enabled": false' in files["kubelet.json"]


def test_certificates_name_who_they_are_for(tmp_path: Path) -> None:
    certificates.ensure(tmp_path)
    kubelet = x509.load_pem_x509_certificate((tmp_path / "kubelet.crt").read_bytes())
    names = {found.oid: found.value for found in kubelet.subject}
    assert names == {NameOID.ORGANIZATION_NAME: "system:nodes", NameOID.COMMON_NAME: "system:node:local"}
    server = x509.load_pem_x509_certificate((tmp_path / "apiserver.crt").read_bytes())
    hosts = server.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert [str(ip) for ip in hosts.get_values_for_type(x509.IPAddress)] == [
        "127.0.0.1",
        "10.88.0.1",
        "10.96.0.1",
    ]
    assert "kubernetes.default.svc" in hosts.get_values_for_type(x509.DNSName)


def test_keys_are_the_owner_s_alone_and_stay_when_asked_again(tmp_path: Path) -> None:
    certificates.ensure(tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    certificates.ensure(tmp_path)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
    assert all(path.stat().st_mode & 0o077 == 0 for path in tmp_path.glob("*.key"))


def test_only_etcd_s_own_authority_opens_etcd() -> None:
    allowed = {identity.name for identity in IDENTITIES if identity.authority == "etcd-ca"}
    assert allowed == {"etcd", "apiserver-etcd"}


@pytest.mark.parametrize(
    "identity, serves",
    [(Identity(name="a", common_name="a"), False), (Identity(name="b", common_name="b", hosts=("h",)), True)],
)
def test_only_servers_may_serve(identity: Identity, serves: bool) -> None:  # noqa: FBT001
    assert (ExtendedKeyUsageOID.SERVER_AUTH in certificates.purposes(identity)) is serves


def test_ports_are_all_different_and_out_of_the_kernel_s_range() -> None:
    found = ports.free_ports()
    numbers = [getattr(found, name) for name in PORT_NAMES]
    assert len(set(numbers)) == len(PORT_NAMES)
    assert all(20000 <= number < 29999 for number in numbers)
    assert ports.free_ports(api=6443).api == 6443


def test_listening_sockets_are_told_from_others() -> None:
    table = (
        "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
        "   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 111 1\n"
        "   1: 0100007F:1F90 0100007F:C001 01 00000000:00000000 00:00000000 00000000     0        0 222 1\n"
        "   2: 0100007F:1F91 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 333 1\n"
    )
    assert ports.listening_inodes(table, 8080) == {"111"}


def test_a_process_name_may_hold_brackets_and_blanks() -> None:
    fields = ["S", "1", *["0"] * 17, "4242"]
    assert process.parse_stat(f"17 (a) b (c)) {' '.join(fields)}") == fields


def test_mounts_go_deepest_first_and_only_ours() -> None:
    rows = ["/x/y", "/x", "/xy", "/x/y/a\\040b"]
    text = "\n".join(f"1 2 0:1 / {row} rw - tmpfs tmpfs rw" for row in rows)
    assert mounts.below(Path("/x"), text) == ["/x/y/a b", "/x/y", "/x"]


def test_kube_proxy_s_chains_go_and_others_stay() -> None:
    saved = ["*nat", ":PREROUTING ACCEPT [0:0]", ":KUBE-SERVICES - [0:0]", "-A PREROUTING -j KUBE-SERVICES",
             "-A PREROUTING -p tcp -j ACCEPT", "-A KUBE-SERVICES -j RETURN", "COMMIT"]  # fmt: skip
    assert network.without_chains(saved, "KUBE-") == [
        "*nat", ":PREROUTING ACCEPT [0:0]", "-A PREROUTING -p tcp -j ACCEPT", "COMMIT"]  # fmt: skip


@pytest.mark.parametrize("resolvers, expected", [(("9.9.9.9",), "forward . 9.9.9.9"), ((), "rcode NXDOMAIN")])
def test_dns_asks_the_machine_s_resolvers_or_says_no(resolvers: tuple[str, ...], expected: str) -> None:
    assert expected in config.corefile(make_plan(1), HOME, resolvers)


def test_resolvers_are_read() -> None:
    assert config.parse_resolvers("search x\nnameserver 9.9.9.9\nnameserver\n# nameserver 1.1.1.1\n") == (
        "9.9.9.9",
    )


@pytest.mark.parametrize(
    "kind, expected",
    [
        ("NetworkPolicy", "networkpolicies"),
        ("Endpoints", "endpoints"),
        ("Pod", "pods"),
        ("Ingress", "ingresses"),
    ],
)
def test_kinds_have_their_plurals(kind: str, expected: str) -> None:
    assert plural(kind) == expected


def test_objects_have_their_paths() -> None:
    slice_ = {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {"name": "a", "namespace": "n"},
    }
    assert path_of(slice_) == "/apis/discovery.k8s.io/v1/namespaces/n/endpointslices/a"
    assert (
        path_of({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "n"}})
        == "/api/v1/namespaces/n"
    )


@pytest.mark.parametrize(
    "text, version, enough",
    [
        ("go version go1.26.8 linux/amd64", "1.26.8", True),
        ("go version go1.27 linux/arm64", "1.27", True),
        ("go version go1.9.7 linux/amd64", "1.9.7", False),
    ],
)
def test_go_versions_compare_as_numbers(text: str, version: str, enough: bool) -> None:  # noqa: FBT001
    assert golang.parse_version(text) == version
    assert golang.at_least(version, golang.OLDEST) is enough


def test_a_program_that_is_no_go_has_no_version() -> None:
    assert golang.parse_version("usage: go <move>") is None


@pytest.mark.parametrize(
    "tag, name",
    [
        ("chesscluster:dev", "docker.io/library/chesscluster:dev"),
        ("me/chess:1", "docker.io/me/chess:1"),
        ("localhost/chess:1", "localhost/chess:1"),
        ("example.org/a/b:1", "example.org/a/b:1"),
    ],
)
def test_images_are_named_as_kubernetes_completes_them(tag: str, name: str) -> None:
    assert dockerfile.full_name(tag) == name


RULES = ["*", "!server", "!requirements/image.txt", "**/__pycache__", "**/*.pyc"]


@pytest.mark.parametrize(
    "path, out",
    [
        ("server/a.py", False),
        ("server/deep/b.py", False),
        ("server/__pycache__/a.pyc", True),
        ("requirements/image.txt", False),
        ("requirements/dev.txt", True),
        ("web/page.tsx", True),
    ],
)
def test_what_goes_into_an_image_follows_dockerignore(path: str, out: bool) -> None:  # noqa: FBT001
    assert dockerignore.ignored(path, RULES) is out


def test_a_fingerprint_changes_with_what_counts_and_only_with_that(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM scratch\n")
    (tmp_path / ".dockerignore").write_text("*\n!kept\n")
    (tmp_path / "kept").write_text("1")
    first = dockerignore.fingerprint(tmp_path)
    (tmp_path / "other").write_text("1")
    assert dockerignore.fingerprint(tmp_path) == first
    (tmp_path / "kept").write_text("2")
    assert dockerignore.fingerprint(tmp_path) != first


def test_stores_have_a_name_for_pods_and_an_address_for_this_machine() -> None:
    assert urls("postgres", "s3") == {
        "database.url": "postgresql://chess:s3@postgres.stores.svc.cluster.local:5432/chess",
        "database.host.url": "postgresql://chess:s3@10.88.0.1:5432/chess",
    }


def test_components_kubeconfigs_name_files_and_hold_no_key(tmp_path: Path) -> None:
    document = component(make_plan(1), tmp_path, "kubelet")
    assert document["users"][0]["user"] == {
        "client-certificate": str(tmp_path / "kubelet.crt"),
        "client-key": str(tmp_path / "kubelet.key"),
    }
