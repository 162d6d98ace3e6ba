"""Which web pages may connect: a browser names the page's origin, other programs name none. Pure."""

from urllib.parse import urlsplit

ANY = "*"
DEFAULT_PORTS = {"http": 80, "https": 443}


def is_allowed(origin: str, host: str, allowed: frozenset[str]) -> bool:
    """Whether a page may connect. Without a list, one of the same host as the request's `Host` may."""
    if not origin or ANY in allowed:
        return True
    if allowed:
        return normal(origin) in allowed
    page, here = _authority(origin), _authority(f"{urlsplit(origin).scheme}://{host}")
    return page is not None and page == here


def normal(origin: str) -> str | None:
    """Return an origin as browsers write it, `https://host[:port]`; None if it is none."""
    parts = urlsplit(origin)
    if parts.path or parts.query or parts.fragment or "@" in parts.netloc:
        return None
    found = _authority(origin)
    if found is None:
        return None
    name, port = found
    return f"{parts.scheme}://{name}" + ("" if port == DEFAULT_PORTS[parts.scheme] else f":{port}")


def _authority(url: str) -> tuple[str, int] | None:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in DEFAULT_PORTS or not parts.hostname:
        return None
    return parts.hostname, port or DEFAULT_PORTS[parts.scheme]
