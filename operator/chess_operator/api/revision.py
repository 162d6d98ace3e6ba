"""The revision: a hash of the spec inputs that shape a pod.

Inputs, not rendered output: a new operator version renders differently and must not restart a fleet. Fields with their
default are left out, so that a field that a new version adds changes nothing until somebody sets it.
"""

import hashlib
import json

from chess_operator.api.model.cluster import ChessClusterSpec

_LENGTH = 10


def revision(spec: ChessClusterSpec) -> str:
    """Hash what a pod is made from: ten hexadecimal digits."""
    given = spec.model_dump(
        mode="json",
        by_alias=True,
        exclude_defaults=True,
        include={
            "server": True,
            "redis": True,
            "database": True,
            "drain": True,
            "scaling": {"max_connections_per_replica"},
        },
    )
    given = {part: value for part, value in given.items() if value}
    canonical = json.dumps(given, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()[:_LENGTH]
