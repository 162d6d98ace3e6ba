"""Who waits on this server: the lobby's sockets, by client.

A client is who knows a key. An `sri` names no one: whoever has seen it can send it. So what is kept for a client is
kept for its `sri` and key together; without a key nothing is kept, and a redirect is for the very socket that waits.
"""

from base64 import urlsafe_b64encode
from collections.abc import Iterator
from hashlib import sha256

from chess_server.wire.frames import Sender
from chess_server.wire.pools import Pool

DIGEST_BYTES = 16


def client_of(sri: str, key: str) -> str:
    """Return what names a client in Redis: the sri, and of a key only its digest."""
    if not key:
        return sri
    digest = sha256(f"{sri}~{key}".encode()).digest()[:DIGEST_BYTES]
    return f"{sri}~{urlsafe_b64encode(digest).decode().rstrip('=')}"


class Seek:
    """A lobby socket, and the pool in which it waits.

    `synced`: the client's last request has reached Redis. `confirmed`: Redis has said that this socket's wait counts.
    """

    __slots__ = ("client", "confirmed", "owner", "pool", "sender", "sri", "synced")

    def __init__(self, sri: str, owner: str, sender: Sender) -> None:
        self.sri = self.client = sri
        self.owner = owner
        self.sender = sender
        self.pool: Pool | None = None
        self.synced = True
        self.confirmed = False

    @property
    def keyed(self) -> bool:
        """Whether the client has shown a key."""
        return self.client != self.sri


class Seeks:
    """All lobby sockets of this server. A client may have several."""

    def __init__(self) -> None:
        self._by_client: dict[str, set[Seek]] = {}

    def __iter__(self) -> Iterator[Seek]:
        """Iterate over a copy: sockets may come and go meanwhile."""
        return iter([seek for seeks in self._by_client.values() for seek in seeks])

    def __contains__(self, seek: Seek) -> bool:
        return seek in self._by_client.get(seek.client, ())

    def add(self, seek: Seek) -> None:
        """Add a socket."""
        self._by_client.setdefault(seek.client, set()).add(seek)

    def remove(self, seek: Seek) -> None:
        """Remove a socket."""
        seeks = self._by_client.get(seek.client, set())
        seeks.discard(seek)
        if not seeks:
            self._by_client.pop(seek.client, None)

    def identify(self, seek: Seek, client: str) -> None:
        """Take a socket as another client's: it has shown a key, or none."""
        if seek in self:
            self.remove(seek)
            seek.client = client
            self.add(seek)

    def confirm(self, seek: Seek) -> None:
        """Note that this socket's wait counts, and no other one's of this client."""
        for one in self._by_client.get(seek.client, set()):
            one.confirmed = one is seek

    def deliver(self, client: str, frame: bytes) -> None:
        """Send a client's redirect to its sockets: all that have shown the key, else the one that waits."""
        for seek in self._by_client.get(client, set()):
            if seek.keyed or seek.confirmed:
                seek.sender.send(frame)
            seek.confirmed = False
        self.stop(client)

    def stop(self, client: str) -> None:
        """End the wait of all sockets of a client, so that none repeats it."""
        for seek in self._by_client.get(client, set()):
            seek.pool, seek.synced = None, True
