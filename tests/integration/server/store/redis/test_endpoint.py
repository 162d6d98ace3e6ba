"""How a URL is followed to a real Redis: TLS, certificates, IPv6, databases, users."""

import socket
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import redis
from managed_stores import Authority, tls_redis
from redis import exceptions
from relay import relay

from chess_server.store.redis.endpoint import RedisEndpoint
from chess_server.store.redis.replies import packed

pytestmark = pytest.mark.integration


async def _answer(url: str, ca: Path | None = None, *words: str) -> Any:
    connection = await RedisEndpoint(url, str(ca) if ca else None).open("")
    try:
        return await connection.call(packed(*(words or ("PING",))))
    finally:
        connection.close()


async def test_a_certificate_is_checked_unless_the_url_says_otherwise(tmp_path: Path) -> None:
    for name in ("ours", "theirs"):
        (tmp_path / name).mkdir()
    authority, stranger = Authority(tmp_path / "ours"), Authority(tmp_path / "theirs")
    with tls_redis(authority) as given:
        assert await _answer(given.url, authority.ca) == b"PONG"
        for ca in (stranger.ca, None):
            with pytest.raises(exceptions.ConnectionError, match=r"(?i)certificate"):
                await _answer(given.url, ca)
        assert await _answer(f"{given.url}?ssl_cert_reqs=none") == b"PONG"


def _has_ipv6() -> bool:
    with socket.socket(socket.AF_INET6) as probe:
        try:
            probe.bind(("::1", 0))
        except OSError:
            return False
    return True


@pytest.mark.skipif(not _has_ipv6(), reason="this machine has no IPv6")
async def test_an_ipv6_address_is_followed(redis_server: Any) -> None:
    known = urlsplit(redis_server.url)
    async with relay(known.port or 0, "::1") as between:
        assert await _answer(f"redis://:{known.password}@[::1]:{between.port}/0") == b"PONG"


@pytest.mark.parametrize("database", ["/7", "/?db=7"])
async def test_the_database_is_selected(redis_server: Any, database: str) -> None:
    url = redis_server.url.removesuffix("/0")
    with redis.Redis.from_url(f"{url}/7") as client:
        client.set("where", "seven", ex=20)
    assert await _answer(f"{url}{database}", None, "GET", "where") == b"seven"


async def test_a_user_who_may_not_load_scripts_is_served(redis_server: Any) -> None:
    known = urlsplit(redis_server.url)
    with redis.Redis.from_url(redis_server.url) as client:
        client.acl_setuser(
            "narrow", enabled=True, passwords=["+p%/@:?#"], keys=["*"], commands=["+@all", "-script"]
        )
        try:
            url = f"redis://narrow:p%25%2F%40%3A%3F%23@127.0.0.1:{known.port}/0"
            assert await _answer(url, None, "ACL", "WHOAMI") == b"narrow"
            with pytest.raises(exceptions.AuthenticationError):
                await _answer(url.replace("narrow", "nobody"))
        finally:
            client.acl_deluser("narrow")
