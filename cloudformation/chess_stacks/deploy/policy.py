"""The stack policy: CloudFormation itself refuses to replace or delete what holds data, whoever asks. Pure.

The command line grades changes before anything happens; the policy holds for everybody else, as in the console.
"""

import json
from collections.abc import Mapping
from typing import Any

from chess_stacks.parts.retention import STATEFUL


def stateful(body: Mapping[str, Any]) -> tuple[str, ...]:
    """Name the resources of a template that hold data."""
    return tuple(sorted(key for key, entry in body["Resources"].items() if entry["Type"] in STATEFUL))


def document(body: Mapping[str, Any], lifted: frozenset[str] = frozenset()) -> str | None:
    """Write the policy; `lifted` resources may be replaced this once. None where nothing holds data."""
    if not stateful(body):
        return None
    guarded = [key for key in stateful(body) if key not in lifted]
    allow = {"Effect": "Allow", "Action": "Update:*", "Principal": "*", "Resource": "*"}
    deny = {
        "Effect": "Deny",
        "Action": ["Update:Replace", "Update:Delete"],
        "Principal": "*",
        "Resource": [f"LogicalResourceId/{key}" for key in guarded],
    }
    return json.dumps({"Statement": [allow, deny] if guarded else [allow]})
