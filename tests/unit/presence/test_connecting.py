"""Which client a URL asks for, and which URLs are refused without being shown."""

import pytest
from redis.asyncio import Redis
from redis.asyncio.cluster import RedisCluster

from chess_presence import connecting


@pytest.mark.parametrize(
    "url, kind",
    [
        ("redis://h:1/0", Redis),
        ("rediss://u:p@h/3", Redis),
        ("redis://h:1/0?cluster=false", Redis),
        ("rediss://u:p%40@h:1/0?cluster=true", RedisCluster),
        ("rediss://h:1/0?cluster=true&ssl_cert_reqs=none", RedisCluster),
    ],
)
def test_a_url_declares_what_redis_is(url: str, kind: type) -> None:
    assert isinstance(connecting.client(url), kind)


@pytest.mark.parametrize(
    "url, expected",
    [
        ("redis://h", {"host": "h", "port": 6379, "database": 0, "tls": False, "credentials": ()}),
        ("redis://h:1/7", {"port": 1, "database": 7}),
        ("redis://h/?db=7", {"database": 7}),
        ("redis://h/7?db=7", {"database": 7}),
        ("redis://[::1]:7/2", {"host": "::1", "port": 7, "database": 2}),
        ("redis://:p%40%2F@h", {"credentials": ("p@/",), "user": None}),
        ("redis://chess:p@h", {"credentials": ("chess", "p")}),
        ("redis://chess@h", {"credentials": ("chess", "")}),
        ("rediss://h", {"tls": True, "verified": True}),
        ("rediss://h?ssl_cert_reqs=required", {"verified": True}),
        ("rediss://h?ssl_cert_reqs=none", {"tls": True, "verified": False}),
        ("rediss://h?cluster=true&ssl_cert_reqs=none", {"cluster": True, "verified": False}),
    ],
)
def test_what_a_url_says(url: str, expected: dict[str, object]) -> None:
    found = connecting.parse(url)
    assert {name: getattr(found, name) for name in expected} == expected


def test_both_clients_take_what_the_url_says() -> None:
    given = connecting.client("rediss://u:p@[::1]:7/3?ssl_cert_reqs=none").connection_pool.connection_kwargs
    asked = ("host", "port", "db", "username", "password", "ssl_cert_reqs")
    assert [given[name] for name in asked] == ["::1", 7, 3, "u", "p", "none"]
    cluster = connecting.client("rediss://u:p@h:7?cluster=true&ssl_cert_reqs=none")
    assert isinstance(cluster, RedisCluster)
    asked = ("username", "password", "ssl_cert_reqs")
    assert [cluster.connection_kwargs[name] for name in asked] == ["u", "p", "none"]


@pytest.mark.parametrize(
    "url, says",
    [
        ("", "allowed: redis://"),
        ("http://hunter2", "allowed: redis://"),
        ("redis://:hunter2@h:70000/0", "allowed: redis://"),
        ("redis://:hunter2@[::1/0", "allowed: redis://"),
        ("redis://:hunter2@h:0/0", "allowed: redis://"),
        ("redis://:hunter2@h/0?cluster=yes", "cluster is 'yes'; allowed: true, false"),
        ("redis://:hunter2@h/0?cluster=", "allowed: true, false"),
        ("redis://:hunter2@h/0?cluster=true&cluster=false", "cluster is given twice"),
        ("redis://:hunter2@h/2?cluster=true", "the database is '2'; allowed with cluster=true: 0"),
        ("redis://:hunter2@h/x", "the database is 'x'; allowed: a whole number"),
        ("redis://:hunter2@h/1?db=2", "the database is given twice"),
        ("redis://:hunter2@h?db=-1", "allowed: a whole number"),
        (
            "redis://:hunter2@h/0?nonsense=1",
            "'nonsense' is not an option of the URL; allowed: cluster, ssl_cert_reqs, db",
        ),
        ("redis://:hunter2@h/0?socket_timeout=5", "'socket_timeout' is not an option of the URL"),
        ("redis://:x@h/0?cluster=true&a#hunter2@=1", "'a' is not an option"),
        ("redis://:x?hunter2@h/0", "allowed: redis://"),
        (
            "rediss://:hunter2@h/0?ssl_cert_reqs=optional",
            "ssl_cert_reqs is 'optional'; allowed: required, none",
        ),
        ("redis://:hunter2@h/0?ssl_cert_reqs=none", "ssl_cert_reqs is given; allowed: with rediss:// only"),
    ],
)
def test_a_bad_url_is_refused_without_showing_it(url: str, says: str) -> None:
    with pytest.raises(connecting.UrlError) as refused:
        connecting.client(url)
    assert says in str(refused.value)
    assert "hunter2" not in str(refused.value)
    assert "\n" not in str(refused.value)
