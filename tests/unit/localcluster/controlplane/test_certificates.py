"""Certificates: who they are for, who reads their keys, what they open."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from chess_localcluster.controlplane import certificates
from chess_localcluster.controlplane.certificates import IDENTITIES, Identity
from chess_localcluster.errors import ClusterError


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
def test_only_servers_may_serve(identity: Identity, serves: bool) -> None:  # noqa: FBT001 - a parameter of the cases
    assert (ExtendedKeyUsageOID.SERVER_AUTH in certificates.purposes(identity)) is serves


NOW = datetime(2026, 12, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    "days, renewed",
    [
        pytest.param(0, False, id="new"),
        pytest.param(300, False, id="valid for another two months"),
        pytest.param(320, True, id="soon"),
        pytest.param(400, True, id="expired"),
    ],
)
def test_certificates_are_renewed_before_they_expire(tmp_path: Path, days: int, renewed: bool) -> None:  # noqa: FBT001 - a column of the table
    assert certificates.ensure(tmp_path, NOW) == []
    later = NOW + timedelta(days=days)
    before = {path.name: path.read_bytes() for path in tmp_path.glob("*.crt")}
    assert certificates.ensure(tmp_path, later) == (list(certificates.NAMES) if renewed else [])
    changed = [name for name, text in before.items() if (tmp_path / name).read_bytes() != text]
    assert len(changed) == (len(certificates.NAMES) if renewed else 0)
    until = certificates.valid_until(tmp_path)
    assert until is not None
    assert until > later + timedelta(days=60)


def test_a_renewed_authority_still_vouches_for_what_it_has_signed(tmp_path: Path) -> None:
    """Its key stays: pods hold the authority's old certificate, kubeconfigs that were copied hold old clients."""
    certificates.ensure(tmp_path, NOW)
    old = x509.load_pem_x509_certificate((tmp_path / "admin.crt").read_bytes())
    certificates.ensure(tmp_path, NOW + timedelta(days=320))
    authority = x509.load_pem_x509_certificate((tmp_path / "ca.crt").read_bytes())
    old.verify_directly_issued_by(authority)


def test_a_damaged_certificate_is_named_in_one_line(tmp_path: Path) -> None:
    certificates.ensure(tmp_path, NOW)
    (tmp_path / "etcd.crt").write_text("half of")
    with pytest.raises(
        ClusterError, match=r"etcd\.crt holds no certificate: remove it and run `localcluster up`"
    ):
        certificates.ensure(tmp_path, NOW)


def test_certificates_of_a_clock_that_was_ahead_are_renewed(tmp_path: Path) -> None:
    certificates.ensure(tmp_path, NOW + timedelta(days=30))
    since = certificates.valid_from(tmp_path)
    assert since is not None
    assert since > NOW
    assert certificates.ensure(tmp_path, NOW) == list(certificates.NAMES)
    since = certificates.valid_from(tmp_path)
    assert since is not None
    assert since < NOW
