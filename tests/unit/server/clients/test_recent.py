"""A set that forgets."""

from chess_server.clients.recent import Recent


def test_a_key_is_forgotten_after_its_time_and_again_noted_stays_longer() -> None:
    recent = Recent(10.0, 100)
    recent.add("a", 0.0)
    recent.add("b", 5.0)
    assert (recent.has("a", 9.9), recent.has("a", 10.0), recent.count(9.9)) == (True, False, 2)
    recent.add("a", 9.0)
    assert (recent.count(15.0), recent.has("a", 15.0), recent.has("b", 15.0)) == (1, True, False)
    assert recent.count(19.0) == 0


def test_the_oldest_makes_room() -> None:
    recent = Recent(10.0, 2)
    for key in "abca":
        recent.add(key, 1.0)
    assert [recent.has(key, 1.0) for key in "abc"] == [True, False, True]
