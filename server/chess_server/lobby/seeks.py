"""Who waits on this server: the lobby's sockets, by client."""

from collections.abc import Iterator

from chess_server.wire.frames import Sender
from chess_server.wire.pools import Pool


class Seek:
    """A lobby socket, and the pool in which it waits. `synced`: the client's last request has reached Redis."""

    __slots__ = ("owner", "pool", "sender", "sri", "synced")

    def __init__(self, sri: str, owner: str, sender: Sender) -> None:
        self.sri = sri
        self.owner = owner
        self.sender = sender
        self.pool: Pool | None = None
        self.synced = True


class Seeks:
    """All lobby sockets of this server. A client (`sri`) may have several."""

    def __init__(self) -> None:
        self._by_client: dict[str, set[Seek]] = {}

    def __iter__(self) -> Iterator[Seek]:
        """Iterate over a copy: sockets may come and go meanwhile."""
        return iter([seek for seeks in self._by_client.values() for seek in seeks])

    def __contains__(self, seek: Seek) -> bool:
        return seek in self._by_client.get(seek.sri, ())

    def add(self, seek: Seek) -> None:
        """Add a socket."""
        self._by_client.setdefault(seek.sri, set()).add(seek)

    def remove(self, seek: Seek) -> None:
        """Remove a socket."""
        seeks = self._by_client.get(seek.sri, set())
        seeks.discard(seek)
        if not seeks:
            self._by_client.pop(seek.sri, None)

    def deliver(self, sri: str, frame: bytes) -> None:
        """Send a client's redirect to all of its sockets; none of them waits after it."""
        self.stop(sri)
        for seek in self._by_client.get(sri, set()):
            seek.sender.send(frame)

    def stop(self, sri: str) -> None:
        """End the wait of all sockets of a client, so that none repeats it."""
        for seek in self._by_client.get(sri, set()):
            seek.pool, seek.synced = None, True
