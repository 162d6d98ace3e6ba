"""Which client a URL asks for, and which URLs are refused without being shown."""

import pytest
from redis.asyncio import Redis
from redis.asyncio.cluster import RedisCluster

from chess_presence import connecting


@pytest.mark.parametrize(
    "url, kind, plain",
    [
        ("redis://h:1/0", Redis, "redis://h:1/0"),
        ("rediss://u:p@h/3", Redis, "rediss://u:p@h/3"),
        ("redis://h:1/0?cluster=false", Redis, "redis://h:1/0"),
        ("rediss://u:p%40@h:1/0?cluster=true", RedisCluster, "rediss://u:p%40@h:1/0"),
        ("redis://h?cluster=true&health_check_interval=2", RedisCluster, "redis://h?health_check_interval=2"),
    ],
)
def test_a_url_declares_what_redis_is(url: str, kind: type, plain: str) -> None:
    assert isinstance(connecting.client(url), kind)
    assert connecting.plain(url) == plain


@pytest.mark.parametrize(
    "url, says",
    [
        ("", "allowed: redis://"),
        ("http://hunter2", "allowed: redis://"),
        ("redis://:hunter2@h:70000/0", "allowed: redis://"),
        ("redis://:hunter2@h/0?cluster=yes", "cluster is 'yes'; allowed: true, false"),
        ("redis://:hunter2@h/2?cluster=true", "the database is '2'; allowed with cluster=true: 0"),
    ],
)
def test_a_bad_url_is_refused_without_showing_it(url: str, says: str) -> None:
    with pytest.raises(connecting.UrlError) as refused:
        connecting.client(url)
    assert says in str(refused.value)
    assert "hunter2" not in str(refused.value)
