"""Sets that forget."""

from chess_server.clients.recent import Recent, RecentByAddress


def test_a_key_is_forgotten_after_its_time_and_again_noted_stays_longer() -> None:
    recent = Recent(10.0, 100)
    recent.add("a", 0.0)
    recent.add("b", 5.0)
    assert (recent.has("a", 9.9), recent.has("a", 10.0)) == (True, False)
    recent.add("a", 9.0)
    assert (recent.has("a", 15.0), recent.has("b", 15.0)) == (True, False)


def test_the_oldest_makes_room() -> None:
    recent = Recent(10.0, 2)
    for key in "abca":
        recent.add(key, 1.0)
    assert [recent.has(key, 1.0) for key in "abc"] == [True, False, True]


def test_an_address_counts_so_many_clients_and_others_count_beside_it() -> None:
    recent = RecentByAddress(10.0, 100)
    for client in "aabcd":
        recent.add("one", client, 2, 1.0)
    recent.add("other", "a", 2, 5.0)
    assert [recent.count(now) for now in (5.0, 11.0, 15.0)] == [3, 1, 0]
    recent.add("one", "c", 2, 16.0)
    assert recent.count(16.0) == 1


def test_a_client_that_comes_again_stays_longer() -> None:
    recent = RecentByAddress(10.0, 100)
    for now in (0.0, 9.0):
        recent.add("one", "a", 1, now)
    assert (recent.count(12.0), recent.count(19.0)) == (1, 0)


def test_clients_of_all_addresses_are_bounded() -> None:
    recent = RecentByAddress(10.0, 3)
    for number in range(9):
        recent.add(f"{number}", "a", 5, 1.0)
    assert recent.count(1.0) == 3
