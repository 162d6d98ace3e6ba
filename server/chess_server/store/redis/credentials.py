"""User and password as the file with the Redis URL holds them now, in the form that redis-py asks for.

Only user and password are taken from the file later on. To move to another Redis, the server must be restarted.
"""

from redis.credentials import CredentialProvider

from chess_presence.connecting import parse
from chess_server.store.url_file import UrlFile

Credentials = tuple[str, ...]
"""The arguments of AUTH; none if there is nothing to say."""


class FileCredentials(CredentialProvider):
    """User and password from the file, or from the URL that the server was started with if there is no file."""

    def __init__(self, url: str, path: str | None) -> None:
        self._now: UrlFile[Credentials] = UrlFile(path, url, lambda text: parse(text).credentials)

    def get_credentials(self) -> Credentials:  # type: ignore[override]
        """Return what the file says now; what it said before if it cannot be used."""
        return self._now()

    async def get_credentials_async(self) -> Credentials:  # type: ignore[override]
        """Return the same, for redis-py's asyncio client."""
        return self._now()
