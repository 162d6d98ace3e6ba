"""Certificates of one cluster: its own authorities, and one identity per component.

There are three authorities, because each gives other rights: `ca` signs clients and servers of Kubernetes, `etcd-ca`
alone gives access to etcd (which RBAC does not protect), `front-proxy-ca` lets the API server act for a user
towards extensions.

`up` makes what is missing and renews what has expired, soon will, or is not valid yet. An authority keeps its
key, so that what it has signed stays valid.
"""

import datetime
import ipaddress
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from chess_localcluster.errors import ClusterError
from chess_localcluster.machine import files
from chess_localcluster.plan import API_SERVICE, BRIDGE_ADDRESS, DOMAIN, LOOPBACK, NODE_NAME

VALIDITY = datetime.timedelta(days=365)
RENEWED_BEFORE = datetime.timedelta(days=60)
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


NAMES = (*AUTHORITIES, *(identity.name for identity in IDENTITIES))


def ensure(directory: Path, now: datetime.datetime | None = None) -> list[str]:
    """Make the certificates that are missing and renew those that expire soon; return the names of the renewed.

    All others stay, so a repaired cluster keeps its identity.
    """
    moment = now or datetime.datetime.now(datetime.UTC)
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    due = [name for name in NAMES if _is_due(directory / f"{name}.crt", moment)]
    authorities = {name: _authority(directory, name, moment) for name in AUTHORITIES}
    for identity in IDENTITIES:
        if identity.name in due or not (directory / f"{identity.name}.crt").exists():
            _issue(directory, identity, *authorities[identity.authority], moment)
    if not (directory / f"{SIGNING_KEY}.pub").exists():
        _signing_key(directory)
    return due


def valid_from(directory: Path) -> datetime.datetime | None:
    """Return from when on all certificates are valid, or None if there is none."""
    paths = (directory / f"{name}.crt" for name in NAMES)
    return max((_read(path).not_valid_before_utc for path in paths if path.exists()), default=None)


def valid_until(directory: Path) -> datetime.datetime | None:
    """Return when the first certificate expires, or None if there is none."""
    paths = (directory / f"{name}.crt" for name in NAMES)
    return min((_read(path).not_valid_after_utc for path in paths if path.exists()), default=None)


def _is_due(path: Path, now: datetime.datetime) -> bool:
    """Return whether it expires soon, or was made by a clock that has been set back since."""
    if not path.exists():
        return False
    found = _read(path)
    return found.not_valid_after_utc - now < RENEWED_BEFORE or found.not_valid_before_utc > now


def _read(path: Path) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificate(path.read_bytes())
    except ValueError as error:
        raise ClusterError(
            f"{path} holds no certificate: remove it and run `localcluster up` again"
        ) from error


def _authority(
    directory: Path, name: str, now: datetime.datetime
) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    certificate_file, key_file = directory / f"{name}.crt", directory / f"{name}.key"
    known = certificate_file.exists()
    key = _read_key(key_file) if known else ec.generate_private_key(ec.SECP256R1())
    if known and not _is_due(certificate_file, now):
        return _read(certificate_file), key
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"localcluster {name}")])
    usage = _key_usage(signs_certificates=True)
    builder = (
        _dated(subject, subject, now)
        .public_key(key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    certificate = builder.sign(key, hashes.SHA256())
    _write(directory, name, certificate, key)
    return certificate, key


def _read_key(path: Path) -> ec.EllipticCurvePrivateKey:
    try:
        key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    except ValueError:
        key = None
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise ClusterError(
            f"{path} holds no elliptic curve key: `localcluster down`, then `up`, makes all anew"
        )
    return key


def _issue(
    directory: Path,
    identity: Identity,
    issuer: x509.Certificate,
    issuer_key: ec.EllipticCurvePrivateKey,
    now: datetime.datetime,
) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    builder = (
        _dated(subject_of(identity), issuer.subject, now)
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


def _dated(subject: x509.Name, issuer: x509.Name, now: datetime.datetime) -> x509.CertificateBuilder:
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
    files.write(directory / f"{SIGNING_KEY}.pub", public.decode(), 0o644)


def _write(
    directory: Path, name: str, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey
) -> None:
    """Write the key first: if the certificate exists, both do."""
    _write_private(directory / f"{name}.key", key)
    text = certificate.public_bytes(serialization.Encoding.PEM).decode()
    files.write(directory / f"{name}.crt", text, 0o644)


def _write_private(path: Path, key: ec.EllipticCurvePrivateKey) -> None:
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    files.write(path, pem.decode())
