"""Certificates of one cluster: its own authorities, and one identity per component.

There are three authorities, because each gives other rights: `ca` signs clients and servers of Kubernetes, `etcd-ca`
alone gives access to etcd (which RBAC does not protect), `front-proxy-ca` lets the API server act for a user
towards extensions.
"""

import datetime
import ipaddress
import os
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from chess_localcluster.plan import API_SERVICE, BRIDGE_ADDRESS, DOMAIN, LOOPBACK, NODE_NAME

VALIDITY = datetime.timedelta(days=365)
CLOCK_SKEW = datetime.timedelta(hours=1)  # the machine's clock may be set back
AUTHORITIES = ("ca", "etcd-ca", "front-proxy-ca")
SIGNING_KEY = "service-accounts"


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """A certificate to make: who it is for, and under which names it serves."""

    name: str
    common_name: str
    organisation: str | None = None
    authority: str = "ca"
    hosts: tuple[str, ...] = ()


API_HOSTS = (
    "kubernetes",
    "kubernetes.default",
    "kubernetes.default.svc",
    f"kubernetes.default.svc.{DOMAIN}",
    "localhost",
    LOOPBACK,
    BRIDGE_ADDRESS,
    API_SERVICE,
)

IDENTITIES = (
    Identity(name="apiserver", common_name="kube-apiserver", hosts=API_HOSTS),
    Identity(name="admin", common_name="admin", organisation="system:masters"),
    Identity(name="kube-controller-manager", common_name="system:kube-controller-manager"),
    Identity(name="kube-scheduler", common_name="system:kube-scheduler"),
    Identity(name="kube-proxy", common_name="system:kube-proxy"),
    Identity(name="coredns", common_name="localcluster:coredns"),
    Identity(name="netpol", common_name="localcluster:netpol"),
    Identity(name="kubelet", common_name=f"system:node:{NODE_NAME}", organisation="system:nodes"),
    Identity(name="kubelet-server", common_name=NODE_NAME, hosts=(NODE_NAME, BRIDGE_ADDRESS)),
    Identity(
        name="apiserver-kubelet",
        common_name="kube-apiserver-kubelet",
        organisation="localcluster:kubelet-admins",
    ),
    Identity(name="etcd", common_name="etcd", authority="etcd-ca", hosts=("localhost", LOOPBACK)),
    Identity(name="apiserver-etcd", common_name="kube-apiserver-etcd", authority="etcd-ca"),
    Identity(name="front-proxy", common_name="front-proxy-client", authority="front-proxy-ca"),
)


def ensure(directory: Path) -> None:
    """Make the certificates that are missing; those that exist stay, so a repaired cluster keeps its identity."""
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    authorities = {name: _authority(directory, name) for name in AUTHORITIES}
    for identity in IDENTITIES:
        if not (directory / f"{identity.name}.crt").exists():
            _issue(directory, identity, *authorities[identity.authority])
    if not (directory / f"{SIGNING_KEY}.pub").exists():
        _signing_key(directory)


def _authority(directory: Path, name: str) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    certificate_file, key_file = directory / f"{name}.crt", directory / f"{name}.key"
    if certificate_file.exists():
        key = serialization.load_pem_private_key(key_file.read_bytes(), password=None)
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise TypeError(f"{key_file} holds no elliptic curve key")
        return x509.load_pem_x509_certificate(certificate_file.read_bytes()), key
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"localcluster {name}")])
    usage = _key_usage(signs_certificates=True)
    builder = (
        _dated(subject, subject)
        .public_key(key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    certificate = builder.sign(key, hashes.SHA256())
    _write(directory, name, certificate, key)
    return certificate, key


def _issue(
    directory: Path, identity: Identity, issuer: x509.Certificate, issuer_key: ec.EllipticCurvePrivateKey
) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    builder = (
        _dated(subject_of(identity), issuer.subject)
        .public_key(key.public_key())
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage(purposes(identity)), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False
        )
    )
    if identity.hosts:
        builder = builder.add_extension(alternative_names(identity.hosts), critical=False)
    _write(directory, identity.name, builder.sign(issuer_key, hashes.SHA256()), key)


def _dated(subject: x509.Name, issuer: x509.Name) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - CLOCK_SKEW)
        .not_valid_after(now + VALIDITY)
    )


def subject_of(identity: Identity) -> x509.Name:
    """Return user and group as Kubernetes reads them from a certificate."""
    names = [x509.NameAttribute(NameOID.COMMON_NAME, identity.common_name)]
    if identity.organisation:
        names.insert(0, x509.NameAttribute(NameOID.ORGANIZATION_NAME, identity.organisation))
    return x509.Name(names)


def purposes(identity: Identity) -> list[x509.ObjectIdentifier]:
    """Return the extended key usages: servers are also clients (etcd of its peers), clients only clients."""
    server = [ExtendedKeyUsageOID.SERVER_AUTH] if identity.hosts else []
    return [*server, ExtendedKeyUsageOID.CLIENT_AUTH]


def alternative_names(hosts: tuple[str, ...]) -> x509.SubjectAlternativeName:
    """Return the names of a server: IP addresses as such, all others as DNS names."""
    return x509.SubjectAlternativeName([_general_name(host) for host in hosts])


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _signing_key(directory: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    _write_private(directory / f"{SIGNING_KEY}.key", key)
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    (directory / f"{SIGNING_KEY}.pub").write_bytes(public)


def _write(
    directory: Path, name: str, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey
) -> None:
    """Write the key first: if the certificate exists, both do."""
    _write_private(directory / f"{name}.key", key)
    draft = directory / f"{name}.draft"
    draft.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    draft.replace(directory / f"{name}.crt")


def _write_private(path: Path, key: ec.EllipticCurvePrivateKey) -> None:
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(pem)
