"""Templates over CloudFormation's inline limit go through the artifact bucket that bootstrap made."""

import hashlib
from collections.abc import Mapping

from chess_stacks.account.environment import Environment
from chess_stacks.account.failure import Failure
from chess_stacks.parts import names
from chess_stacks.synth.synthesis import Entry

INLINE_LIMIT = 51_200
BUCKET_OUTPUT = "ArtifactBucketName"


def place(environment: Environment, entry: Entry, body: str, bootstrap: Mapping[str, str]) -> str | None:
    """Upload a large template and return its URL; None where it fits into the call."""
    if len(body.encode()) <= INLINE_LIMIT:
        return None
    bucket = bootstrap.get(BUCKET_OUTPUT)
    if bucket is None:
        raise Failure(
            f"{entry.name}: the template has {len(body.encode())} bytes, more than the {INLINE_LIMIT} that go inline, "
            f"and the stack {names.BOOTSTRAP} has no output {BUCKET_OUTPUT}",
            f"deploy {names.BOOTSTRAP} first",
        )
    region = environment.assembly.profile.region
    key = f"templates/{entry.key}/{hashlib.sha256(body.encode()).hexdigest()}.json"
    environment.clients.get("s3", region).put_object(
        Bucket=bucket, Key=key, Body=body.encode(), ContentType="application/json"
    )
    if environment.endpoint_url:
        return f"{environment.endpoint_url.rstrip('/')}/{bucket}/{key}"
    return f"https://{bucket}.s3.{region}.amazonaws.com/{key}"
