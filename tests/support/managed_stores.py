"""Redis and PostgreSQL as ElastiCache and RDS give them: with TLS, and Redis as a cluster. Real servers on loopback."""

import contextlib
import datetime
import ipaddress
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
import redis
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from polling import wait_until
from redis.exceptions import RedisError

from chess_localcluster.machine.ports import free_loopback_ports, free_port
from chess_localcluster.plan import LOOPBACK
from chess_localcluster.stores.temporary import temporary_postgres, temporary_redis

DEADLINE = 60.0
HANDSHAKE_SECONDS = 3.0
"""A handshake that takes longer than the nodes' timeout is given up, so it is begun again."""
SLOTS = 16384


@dataclass(frozen=True)
class Given:
    """A store by its URL, and the authority that signed its certificate."""

    url: str
    ca: Path | None = None


class Authority:
    """A certificate authority, and one certificate for every server on loopback."""

    def __init__(self, directory: Path) -> None:
        key, server = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
        self.ca = directory / "ca.crt"
        self.certificate = directory / "server.crt"
        self.key = directory / "server.key"
        hosts = x509.SubjectAlternativeName(
            [x509.IPAddress(ipaddress.ip_address(LOOPBACK)), x509.DNSName("localhost")]
        )
        self._write(
            self.ca, _signed("stores' authority", key, key, x509.BasicConstraints(ca=True, path_length=None))
        )
        self._write(self.certificate, _signed("a store", server, key, hosts))
        secret = server.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        self._write(self.key, secret)
        directory.chmod(0o755)

    def _write(self, path: Path, content: bytes) -> None:
        path.write_bytes(content)

    def lend(self, directory: Path, user: str) -> "tuple[Path, Path]":
        """Copy certificate and key where a server of another user may read them."""
        copies = []
        for path in (self.certificate, self.key):
            copy = directory / path.name
            shutil.copy(path, copy)
            copy.chmod(0o600)
            if os.geteuid() == 0:
                shutil.chown(copy, user, user)
            copies.append(copy)
        return copies[0], copies[1]


def _signed(name: str, key: Any, authority: Any, extension: x509.ExtensionType) -> bytes:
    now = datetime.datetime.now(datetime.UTC)
    issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "stores' authority")])
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(extension, critical=isinstance(extension, x509.BasicConstraints))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.public_key()), critical=False
        )
    )
    return builder.sign(authority, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


@contextlib.contextmanager
def tls_redis(authority: Authority) -> Iterator[Given]:
    """Run one Redis that speaks TLS alone."""
    with temporary_redis() as store:
        certificate, key = authority.lend(store.directory, "redis")
        port = free_port()
        with redis.Redis.from_url(store.url) as client:
            client.config_set(
                "tls-cert-file",
                str(certificate),
                "tls-key-file",
                str(key),
                "tls-ca-cert-file",
                str(certificate),
                "tls-auth-clients",
                "no",
            )
            client.config_set("tls-port", port, "port", 0)
        secret = urlsplit(store.url).password
        yield Given(f"rediss://:{secret}@{LOOPBACK}:{port}/0", authority.ca)


@contextlib.contextmanager
def tls_postgres(authority: Authority) -> Iterator[Given]:
    """Run a PostgreSQL that refuses whoever comes without TLS, as `rds.force_ssl` does."""
    with temporary_postgres() as store:
        certificate, key = authority.lend(store.directory / "data", "postgres")
        port = urlsplit(store.url).port
        secret = (store.directory / "superuser-password").read_text()
        with psycopg.connect(
            f"postgresql://postgres:{secret}@{LOOPBACK}:{port}/postgres", autocommit=True
        ) as admin:
            admin.execute(f"ALTER SYSTEM SET ssl_cert_file = '{certificate}'")
            admin.execute(f"ALTER SYSTEM SET ssl_key_file = '{key}'")
            admin.execute("ALTER SYSTEM SET ssl = on")
            (store.directory / "pg_hba.conf").write_text(f"hostssl all all {LOOPBACK}/32 scram-sha-256\n")
            admin.execute("SELECT pg_reload_conf()")
        url = f"{store.url}?sslmode=verify-full"
        _until(lambda: _answers(url, authority.ca), "PostgreSQL speaks TLS")
        yield Given(url, authority.ca)


def _answers(url: str, ca: Path) -> bool:
    with contextlib.suppress(psycopg.Error), psycopg.connect(url, sslrootcert=str(ca)):
        return True
    return False


def _until(condition: Callable[[], Any], what: str) -> None:
    wait_until(condition, what, within=DEADLINE, ignoring=(RedisError, OSError))


@dataclass
class Cluster:
    """A Redis Cluster: three primaries, and a replica of each if asked for."""

    directory: Path
    authority: Authority | None = None
    ports: list[int] = field(default_factory=list)
    buses: dict[int, int] = field(default_factory=dict)
    processes: dict[int, subprocess.Popen[bytes]] = field(default_factory=dict)
    _introduced_at: float = 0.0

    @property
    def given(self) -> Given:
        scheme = "rediss" if self.authority else "redis"
        return Given(
            f"{scheme}://{LOOPBACK}:{self.ports[0]}/0?cluster=true", self.authority and self.authority.ca
        )

    def start(self, *, replicas: bool) -> None:
        nodes = 6 if replicas else 3
        free = free_loopback_ports(2 * nodes)
        self.ports = free[:nodes]
        # the bus by itself is ten thousand above, where the kernel gives ports away
        self.buses = dict(zip(self.ports, free[nodes:], strict=True))
        for port in self.ports:
            self._launch(port)
        _until(self._started, "all nodes answer")
        for number, port in enumerate(self.ports[:3]):
            first, last = number * SLOTS // 3, (number + 1) * SLOTS // 3 - 1
            self.ask(port, "CLUSTER", "ADDSLOTSRANGE", first, last)
        self._introduce()
        _until(self._acquainted, "all nodes know each other")
        for primary, replica in zip(self.ports[:3], self.ports[3:], strict=False):
            self.ask(replica, "CLUSTER", "REPLICATE", self.ask(primary, "CLUSTER", "MYID").decode())
        _until(self._whole, "the cluster is whole")

    def _launch(self, port: int) -> None:
        home = self.directory / str(port)
        home.mkdir()
        plain = ["--port", str(port)]
        if self.authority is not None:
            files = [self.authority.certificate, self.authority.key, self.authority.ca]
            names = ["--tls-cert-file", "--tls-key-file", "--tls-ca-cert-file"]
            secured = [word for pair in zip(names, map(str, files), strict=True) for word in pair]
            plain = [
                "--port",
                "0",
                "--tls-port",
                str(port),
                "--tls-cluster",
                "yes",
                "--tls-replication",
                "yes",
            ]
            plain += ["--tls-auth-clients", "no", *secured]
        kept = ["--save", "", "--appendonly", "no", "--repl-diskless-sync-delay", "0"]
        clustered = ["--cluster-enabled", "yes", "--cluster-node-timeout", "1500"]
        clustered += ["--cluster-port", str(self.buses[port])]
        command = ["redis-server", "--bind", LOOPBACK, "--dir", str(home), *plain, *kept, *clustered]
        with (home / "log").open("wb") as log:
            self.processes[port] = subprocess.Popen(command, stdout=log, stderr=log)

    def ask(self, port: int, *command: Any) -> Any:
        tls = {"ssl": True, "ssl_ca_certs": str(self.authority.ca)} if self.authority else {}
        with redis.Redis(host=LOOPBACK, port=port, **tls) as client:
            client.response_callbacks.clear()
            return client.execute_command(*command)

    def _started(self) -> bool:
        for port, process in self.processes.items():
            log = self.directory / str(port) / "log"
            assert process.poll() is None, f"redis-server has ended: {log.read_text()[-500:]}"
        return all(self.ask(port, "PING") for port in self.ports)

    def _introduce(self) -> None:
        self._introduced_at = time.monotonic()
        for port in self.ports[1:]:
            self.ask(self.ports[0], "CLUSTER", "MEET", LOOPBACK, port, self.buses[port])

    def _acquainted(self) -> bool:
        if time.monotonic() - self._introduced_at > HANDSHAKE_SECONDS:
            self._introduce()
        known = [self._known(port) for port in self.ports]
        return known == [len(self.ports)] * len(self.ports)

    def _known(self, port: int) -> int:
        nodes = self.ask(port, "CLUSTER", "NODES").splitlines()
        return sum(b"connected" in node and b"handshake" not in node for node in nodes)

    def _whole(self) -> bool:
        states = [self.ask(port, "CLUSTER", "INFO") for port in self.ports]
        linked = [
            b"master_link_status:up" in self.ask(port, "INFO", "replication") for port in self.ports[3:]
        ]
        return all(b"cluster_state:ok" in state for state in states) and all(linked)

    def primary_of(self, key: str) -> int:
        """The port of the node that holds a key."""
        slot = self.ask(self.ports[-1], "CLUSTER", "KEYSLOT", key)
        for first, last, (_, port, *_), *_ in self.ask(self.ports[-1], "CLUSTER", "SLOTS"):
            if first <= slot <= last:
                return int(port)
        raise AssertionError(f"nobody holds {key}")

    def kill(self, port: int) -> None:
        self.processes[port].send_signal(signal.SIGKILL)
        self.processes[port].wait(60)

    def stop(self) -> None:
        for process in self.processes.values():
            process.kill()
            process.wait(60)


@contextlib.contextmanager
def redis_cluster(authority: Authority | None = None, *, replicas: bool = False) -> Iterator[Cluster]:
    """Run a Redis Cluster."""
    with tempfile.TemporaryDirectory(prefix="chess-redis-cluster-") as directory:
        cluster = Cluster(Path(directory), authority)
        try:
            cluster.start(replicas=replicas)
            yield cluster
        finally:
            cluster.stop()
