"""The keys that sign players' tokens, as the mounted file holds them now: they are rotated while servers run."""

from collections.abc import Callable
from pathlib import Path
from time import monotonic

import structlog

from chess_server.wire.tokens import KeysError, Tokens, parse_keys

log = structlog.get_logger(__name__)

LOOK_SECONDS = 5.0


class KeyFile:
    """Called, it returns what signs and checks tokens now; what did before, while the file cannot be used.

    New keys count when two looks have found the same: a file written in place may be caught half-way.
    """

    def __init__(
        self,
        path: str,
        cluster_uid: str,
        on_look: Callable[[bool], None] = lambda _usable: None,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        """`on_look` is called with whether a look has found keys."""
        self._path = Path(path)
        self._on_look = on_look
        self._cluster_uid = cluster_uid
        self._clock = clock
        self._looked_at = clock()
        self._keys = self._found = read_keys(path)
        self._tokens = Tokens(self._keys, cluster_uid)

    def __call__(self) -> Tokens:
        """Return what signs and checks now."""
        now = self._clock()
        if now - self._looked_at >= LOOK_SECONDS:
            self._looked_at = now
            self._look()
        return self._tokens

    def _look(self) -> None:
        try:
            keys = read_keys(str(self._path))
        except (OSError, KeysError) as error:
            log.warning("the file of token keys cannot be used", error=str(error))
            self._on_look(False)  # noqa: FBT003 - what was found is all that there is to say
            return
        self._on_look(True)  # noqa: FBT003 - as above
        before, self._found = self._found, keys
        if keys != self._keys and keys == before:
            self._keys, self._tokens = keys, Tokens(keys, self._cluster_uid)
            log.info("token keys read again", keys=len(keys))


def read_keys(path: str) -> tuple[bytes, ...]:
    """Read a file of keys. Raises OSError and KeysError, neither of which shows a key."""
    try:
        return parse_keys(Path(path).read_text(encoding="utf-8"))
    except UnicodeDecodeError:
        raise KeysError("not text") from None
