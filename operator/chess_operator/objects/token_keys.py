"""The Secret with the keys that sign players' tokens. Made once for a ChessCluster; users rotate its keys."""

import base64

from kubernetes.aio.client import models as k8s

from chess_operator.api.resources.kinds import Manifest
from chess_operator.api.resources.names import token_keys_name
from chess_operator.objects.owner import Owner, plain

FILE = "keys"
"""The key in the Secret, and the name of the file: one key a line, the first one signs."""


def token_keys(owner: Owner, key: str) -> Manifest:
    """Make the Secret, with its first key."""
    return plain(
        k8s.V1Secret(
            metadata=owner.metadata(token_keys_name(owner.name)),
            type="Opaque",
            data={FILE: base64.b64encode(f"{key}\n".encode()).decode()},
        )
    )
