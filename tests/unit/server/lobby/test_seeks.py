"""Which sockets wait on this server."""

from chess_server.lobby.seeks import Seek, Seeks
from chess_server.wire.pools import Pool

TEN = Pool(initial_seconds=600, increment_seconds=5)


class Socket:
    def __init__(self) -> None:
        self.sent: list[bytes] = []

    def send(self, frame: bytes) -> None:
        self.sent.append(frame)


def waiting(sri: str, number: int, seeks: Seeks) -> tuple[Seek, Socket]:
    socket = Socket()
    seek = Seek(sri, f"pod|{number}", socket)
    seeks.add(seek)
    seek.pool, seek.synced = TEN, False
    return seek, socket


def test_a_redirect_goes_to_every_socket_of_its_client_and_ends_their_wait() -> None:
    seeks = Seeks()
    one, first = waiting("ann", 1, seeks)
    two, second = waiting("ann", 2, seeks)
    other, third = waiting("bob", 3, seeks)
    seeks.deliver("ann", b"redirect")
    assert (first.sent, second.sent, third.sent) == ([b"redirect"], [b"redirect"], [])
    assert [(seek.pool, seek.synced) for seek in (one, two, other)] == [
        (None, True),
        (None, True),
        (TEN, False),
    ]


def test_a_removed_socket_is_not_sent_anything() -> None:
    seeks = Seeks()
    seek, socket = waiting("ann", 1, seeks)
    seeks.remove(seek)
    seeks.remove(seek)
    seeks.deliver("ann", b"redirect")
    assert seek not in seeks
    assert socket.sent == []


def test_sockets_may_go_while_a_round_is_under_way() -> None:
    seeks = Seeks()
    both = [waiting(sri, number, seeks)[0] for number, sri in enumerate(("ann", "bob"))]
    seen = []
    for seek in seeks:
        seen.append(seek)
        seeks.remove(seek)
    assert seen == both
    assert list(seeks) == []
