"""Redis: nothing on disk; killed and started again, it is empty, as ElastiCache after the loss of a node."""

from pathlib import Path

from chess_localcluster.processes.component import Component
from chess_localcluster.processes.registry import Registry
from chess_localcluster.stores.store import (
    Store,
    as_user,
    ensure_directory,
    make_data,
    password,
    start,
    write_for,
)


def redis_url(host: str, port: int, password: str) -> str:
    """Return the URL for clients."""
    return f"redis://:{password}@{host}:{port}/0"


def start_redis(directory: Path, host: str, port: int, registry: Registry | None = None) -> Store:
    """Start Redis, empty, or return the running one."""
    ensure_directory(directory)
    secret = password(directory)
    data = directory / "data"
    make_data(data, "redis")
    write_for("redis", directory / "redis.conf", redis_configuration(data, host, port, secret))
    argv = (*as_user("redis"), "redis-server", str(directory / "redis.conf"))
    probe = ("redis-cli", "-h", host, "-p", str(port), "--no-auth-warning", "ping")
    process = start(Component(name="redis", argv=argv, port=(host, port)), directory, registry, probe)
    return Store(name="redis", process=process, url=redis_url(host, port, secret), directory=directory)


def redis_configuration(data: Path, host: str, port: int, secret: str) -> str:
    """Return redis.conf: nothing on disk, no eviction, a password for every client."""
    return f"""\
bind {host}
port {port}
requirepass {secret}
maxmemory-policy noeviction
save ""
appendonly no
daemonize no
dir "{data}"
"""
