"""User and password as the file with the Redis URL holds them now.

A password may be rotated while the server runs: Kubernetes rewrites the mounted Secret, each new connection reads it.
Only user and password are taken from the file later on. To move to another Redis, the server must be restarted.
"""

from pathlib import Path

import structlog
from redis.credentials import CredentialProvider

from chess_presence.connecting import UrlError, parse

log = structlog.get_logger(__name__)

Credentials = tuple[str, ...]
"""The arguments of AUTH; none if there is nothing to say."""


class FileCredentials(CredentialProvider):
    """User and password from the file, or from the URL that the server was started with if there is no file."""

    def __init__(self, url: str, path: str | None) -> None:
        self._path = path
        self._last = parse(url).credentials

    def get_credentials(self) -> Credentials:  # type: ignore[override]
        """Return what the file says now; what it said before if it cannot be used."""
        if self._path is not None:
            try:
                self._last = parse(Path(self._path).read_text(encoding="utf-8").strip()).credentials
            except (OSError, UnicodeDecodeError, UrlError) as error:
                log.warning("the file with the Redis URL cannot be used", error=type(error).__name__)
        return self._last

    async def get_credentials_async(self) -> Credentials:  # type: ignore[override]
        """Return the same, for redis-py's asyncio client."""
        return self.get_credentials()
