"""Whether an API server serves the CRDs that it has just been given.

`kubectl wait --for=condition=Established` fails where a CRD has no conditions yet, in the first moments of its life.
"""

import json

LIST = ("get", "crd", "--output=json")
"""The kubectl command whose answer `established` reads."""


def established(listing: str) -> bool:
    """Whether every CRD of a list is established, and there is one."""
    items = json.loads(listing)["items"]
    return bool(items) and all(_is_established(item) for item in items)


def _is_established(crd: dict[str, dict[str, list[dict[str, str]] | None]]) -> bool:
    conditions = crd.get("status", {}).get("conditions") or []
    return any((one["type"], one["status"]) == ("Established", "True") for one in conditions)
