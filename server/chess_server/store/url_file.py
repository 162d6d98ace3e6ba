"""The file that holds a store's URL, read at each new connection: a rotated password counts from then on.

Kubernetes rewrites a mounted Secret while the server runs. What cannot be read or used, because it is just being
replaced, changes nothing: what was read before counts.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

import structlog

log = structlog.get_logger(__name__)

T = TypeVar("T")


class UrlFile(Generic[T]):
    """Called, it returns what `parse` makes of the URL in the file; of `url`, while there is none.

    `parse` raises ValueError for what is no URL. Without a path, `url` never changes.
    """

    def __init__(self, path: str | None, url: str, parse: Callable[[str], T]) -> None:
        self._path = path
        self._parse = parse
        self._last = parse(url)

    def __call__(self) -> T:
        """Read the file."""
        if self._path is not None:
            try:
                self._last = self._parse(Path(self._path).read_text(encoding="utf-8").strip())
            except (
                OSError,
                ValueError,
            ) as error:  # also what is not UTF-8. The message may hold the password
                log.warning("a file with a URL cannot be used", path=self._path, error=type(error).__name__)
        return self._last
