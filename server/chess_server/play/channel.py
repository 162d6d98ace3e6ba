"""The messages of a game's channel, by which servers share what has happened (written by store/redis/lua/). Pure."""

from dataclasses import dataclass

from msgspec import Struct

from chess_server.game.shared import Crowd, crowd_of


class Happened(Struct, frozen=True, kw_only=True):
    """Events `first, first + 1, …` as finished frames; `state` is the game after them, or empty (publish.lua)."""

    epoch: int
    since_ms: int
    first: int
    frames: tuple[bytes, ...]
    state: bytes

    @property
    def last(self) -> int:
        """The version of the last event."""
        return self.first + len(self.frames) - 1


@dataclass(frozen=True, slots=True)
class Reload:
    """The game was written to Redis again."""


ChannelMessage = Happened | Crowd | Reload


def parse(message: bytes) -> ChannelMessage:
    """Parse a message of a game's channel."""
    head, _, body = message.partition(b"\n")
    words = head.split(b" ")
    if words[0] == b"events":
        lines = body.split(b"\n")
        return Happened(
            epoch=int(words[1]),
            since_ms=int(words[2]),
            first=int(words[3]),
            frames=tuple(lines[: int(words[4])]),
            state=lines[-1],
        )
    if words[0] == b"crowd":
        return crowd_of(words[2], words[3])
    return Reload()
