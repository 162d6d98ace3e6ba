"""Which web pages may connect: a browser names the page's origin, other programs name none. Pure."""

from urllib.parse import SplitResult, urlsplit

ANY = "*"
DEFAULT_PORTS = {"http": 80, "https": 443}


def is_allowed(origin: str, host: str, allowed: frozenset[str]) -> bool:
    """Whether a page may connect. Without a list, one of the same host as the request's `Host` may."""
    if not origin or ANY in allowed:
        return True
    if allowed:
        return normal(origin) in allowed
    page = _split(origin)
    if page is None:
        return False
    named, here = _authority(page), _split(f"{page.scheme}://{host}")
    return named is not None and here is not None and named == _authority(here)


def normal(origin: str) -> str | None:
    """Return an origin as browsers write it, `https://host[:port]`; None if it is none."""
    parts = _split(origin)
    if parts is None or parts.path or parts.query or parts.fragment or "@" in parts.netloc:
        return None
    found = _authority(parts)
    if found is None:
        return None
    name, port = found
    return f"{parts.scheme}://{name}" + ("" if port == DEFAULT_PORTS[parts.scheme] else f":{port}")


def _split(url: str) -> SplitResult | None:
    """Split a URL; None for what cannot be one: whoever connects may write anything."""
    try:
        parts = urlsplit(url)
        _ = parts.port  # read here, because it is checked only when it is read
    except ValueError:
        return None
    return parts


def _authority(parts: SplitResult) -> tuple[str, int] | None:
    if parts.scheme not in DEFAULT_PORTS or not parts.hostname:
        return None
    return parts.hostname, parts.port or DEFAULT_PORTS[parts.scheme]
