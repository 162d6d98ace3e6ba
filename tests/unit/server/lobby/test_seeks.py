"""Which sockets wait on this server, and whose they are."""

from hypothesis import given
from hypothesis import strategies as st

from chess_server.lobby.seeks import Seek, Seeks, client_of
from chess_server.wire.pools import Pool

TEN = Pool(initial_seconds=600, increment_seconds=5)
KEY = "0123456789abcdef"
SRI = st.from_regex(r"[A-Za-z0-9_-]{8,32}", fullmatch=True)
KEYS = st.from_regex(r"[A-Za-z0-9_-]{16,64}", fullmatch=True)


class Socket:
    def __init__(self) -> None:
        self.sent: list[bytes] = []

    def send(self, frame: bytes) -> None:
        self.sent.append(frame)


def waiting(sri: str, number: int, seeks: Seeks, key: str = "") -> tuple[Seek, Socket]:
    socket = Socket()
    seek = Seek(sri, f"pod|{number}", socket)
    seeks.add(seek)
    seeks.identify(seek, client_of(sri, key))
    seek.pool, seek.synced = TEN, False
    return seek, socket


@given(sri=SRI, other=SRI, key=KEYS, another=KEYS)
def test_a_client_is_named_by_sri_and_key_together(sri: str, other: str, key: str, another: str) -> None:
    named = client_of(sri, key)
    assert named.startswith(f"{sri}~")
    assert key not in named.removeprefix(f"{sri}~")
    assert len({named, client_of(sri, ""), client_of(sri, another)}) == (2 if key == another else 3)
    assert (named == client_of(other, key)) == (sri == other)


def test_a_redirect_goes_to_every_socket_that_has_shown_the_key() -> None:
    seeks = Seeks()
    one, first = waiting("ann-ann-", 1, seeks, KEY)
    two, second = waiting("ann-ann-", 2, seeks, KEY)
    other, third = waiting("bob-bob-", 3, seeks, KEY)
    _, stranger = waiting("ann-ann-", 4, seeks)
    seeks.deliver(client_of("ann-ann-", KEY), b"redirect")
    assert [socket.sent for socket in (first, second, third, stranger)] == [
        [b"redirect"],
        [b"redirect"],
        [],
        [],
    ]
    assert [(seek.pool, seek.synced) for seek in (one, two, other)] == [
        (None, True),
        (None, True),
        (TEN, False),
    ]


def test_without_a_key_a_redirect_goes_to_the_socket_whose_wait_counts() -> None:
    seeks = Seeks()
    older, first = waiting("ann-ann-", 1, seeks)
    newer, second = waiting("ann-ann-", 2, seeks)
    _, asks_now = waiting("ann-ann-", 3, seeks)
    seeks.confirm(older)
    seeks.confirm(newer)
    seeks.deliver("ann-ann-", b"redirect")
    seeks.deliver("ann-ann-", b"again")
    assert (first.sent, second.sent, asks_now.sent) == ([], [b"redirect"], [])


def test_a_removed_socket_is_not_sent_anything() -> None:
    seeks = Seeks()
    seek, socket = waiting("ann-ann-", 1, seeks)
    seeks.confirm(seek)
    seeks.remove(seek)
    seeks.remove(seek)
    seeks.identify(seek, client_of("ann-ann-", KEY))
    seeks.deliver("ann-ann-", b"redirect")
    assert seek not in seeks
    assert socket.sent == []


def test_sockets_may_go_while_a_round_is_under_way() -> None:
    seeks = Seeks()
    both = [waiting(sri, number, seeks)[0] for number, sri in enumerate(("ann-ann-", "bob-bob-"))]
    seen = []
    for seek in seeks:
        seen.append(seek)
        seeks.remove(seek)
    assert seen == both
    assert list(seeks) == []
