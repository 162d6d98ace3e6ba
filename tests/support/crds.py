"""Whether an API server serves the CRDs that it has just been given.

`kubectl wait --for=condition=Established` fails where a CRD has no conditions yet, in the first moments of its life.
"""

import json

from chess_bench.cluster.installation import is_established

LIST = ("get", "crd", "--output=json")
"""The kubectl command whose answer `established` reads."""


def established(listing: str) -> bool:
    """Whether every CRD of a list is established, and there is one."""
    items = json.loads(listing)["items"]
    return bool(items) and all(is_established(item) for item in items)
