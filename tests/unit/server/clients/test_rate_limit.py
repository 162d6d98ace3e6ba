"""Buckets by key. A session's own bucket is tested with the session."""

from chess_server.clients.rate_limit import Buckets, Rate


def test_each_key_has_its_own_tokens_and_is_told_how_long_to_wait() -> None:
    buckets = Buckets(Rate(2, 10.0))
    assert [buckets.take("a", 0.0) for _ in range(3)] == [True, True, False]
    assert buckets.take("b", 0.0)
    assert (buckets.wait("a", 0.0), buckets.wait("b", 0.0), buckets.wait("c", 0.0)) == (5.0, 0.0, 0.0)
    assert not buckets.take("a", 4.9)
    assert buckets.take("a", 5.0)


def test_tokens_are_reserved_one_after_the_other() -> None:
    buckets = Buckets(Rate(2, 10.0))
    assert [buckets.reserve("a", 0.0) for _ in range(5)] == [0.0, 0.0, 5.0, 10.0, 15.0]
    assert buckets.reserve("b", 0.0) == 0.0
    assert buckets.reserve("a", 20.0) == 0.0
    assert buckets.reserve("a", 20.0) == 5.0


def test_the_key_used_longest_ago_makes_room() -> None:
    buckets = Buckets(Rate(1, 10.0), most=2)
    for key in "abac":
        buckets.take(key, 0.0)
    assert [bool(buckets.wait(key, 0.0)) for key in "abc"] == [True, False, True]
