"""The file that holds a store's URL, read at each new connection: a rotated password counts from then on."""

from pathlib import Path


class UrlFile:
    """Called, it returns the URL. `url`: the last one read, for while the file is being replaced."""

    def __init__(self, path: str, url: str) -> None:
        self._path = Path(path)
        self._url = url

    def __call__(self) -> str:
        """Read the URL."""
        try:
            found = self._path.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError):
            found = ""
        if "://" in found:
            self._url = found
        return self._url
