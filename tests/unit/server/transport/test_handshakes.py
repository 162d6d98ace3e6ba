"""How many connections may wait without a request."""

from chess_server.transport.handshakes import Handshakes


def test_the_oldest_is_cut_and_who_has_sent_a_request_is_not_counted() -> None:
    handshakes: Handshakes[str] = Handshakes(2, 6.0)
    assert [handshakes.begin(one, 0.0) for one in "abc"] == [None, None, "a"]
    handshakes.end("b")
    assert handshakes.begin("d", 1.0) is None
    assert handshakes.begin("e", 1.0) == "c"


def test_what_the_library_has_closed_is_forgotten() -> None:
    handshakes: Handshakes[str] = Handshakes(2, 6.0)
    for one, now in (("a", 0.0), ("b", 3.0)):
        handshakes.begin(one, now)
    handshakes.forget_old(7.0)
    assert handshakes.begin("c", 7.0) is None
    assert handshakes.begin("d", 7.0) == "b"
