"""Ways to make the stacks of a profile and to look into their bodies."""

import json
from collections.abc import Mapping
from functools import cache
from typing import Any

from chess_stacks.profile.load import overlaid
from chess_stacks.rules import template
from chess_stacks.synth.synthesis import synthesize

Body = dict[str, Any]
NAMED = {"edge": {"domain": "chess.example.org", "hosted_zone_id": "Z0123456789ABC"}}

PRIVATE = {
    "network": {
        "nat": "none",
        "interface_endpoints": ["ecr.api", "ecr.dkr", "ec2", "sts", "eks", "eks-auth", "logs"],
    }
}


def make(base: str, overlay: dict[str, Any] | None = None) -> Mapping[str, Body]:
    """Make every stack, once for the same profile and overlay: tests only read the bodies."""
    return _made(base, json.dumps(overlay or {}, sort_keys=True))


@cache
def _made(base: str, overlay: str) -> Mapping[str, Body]:
    return synthesize(overlaid(base, json.loads(overlay))).templates


def one(body: Body, kind: str) -> Mapping[str, Any]:
    return next(iter(template.of_type(body, kind)))[1]


def count(body: Body, kind: str) -> int:
    return len(list(template.of_type(body, kind)))


def allowed(body: Body, role: str) -> set[str]:
    statements = body["Resources"][role]["Properties"]["Policies"][0]["PolicyDocument"]["Statement"]
    return {action for statement in statements for action in template.listed(statement["Action"])}
