"""CI's role may do what `diff` and `deploy` call, and nothing that they do not: calls are noted as they are made."""

from typing import Any

import pytest

from chess_stacks.account.clients import Clients
from chess_stacks.deploy import upload
from chess_stacks.profile.load import overlaid
from chess_stacks.synth import synthesis

from .conftest import CommandLine

pytestmark = [pytest.mark.aws, pytest.mark.timeout(240)]
# Production has protected stacks.
PROD = ("--profile", "prod", "--output", "json")
CI = {"bootstrap": {"ci_repository": "example/chess"}}
NEEDS_NO_PERMISSION = {"sts:GetCallerIdentity"}
ONLY_WHEN_SOMETHING_IS_STUCK = {"cloudformation:ContinueUpdateRollback", "cloudformation:RollbackStack"}
IMPLIED = {
    "cloudformation:TagResource": "CreateChangeSet with tags",
    "elasticloadbalancing:DescribeListeners": "weights of a listener, which no shipped stack has",
    "s3:GetObject": "CloudFormation reads an uploaded template with the caller's rights",
}


@pytest.fixture
def called(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Collect each call as the IAM action that it needs."""
    found: set[str] = set()
    make = Clients._make

    def note(params: dict[str, Any], model: Any, **_: Any) -> None:
        action = f"{model.service_model.signing_name}:{model.name}"
        # AWS wants ListStacks of whoever describes stacks without naming one.
        unnamed = action == "cloudformation:DescribeStacks" and "StackName" not in params
        found.update({action} | ({"cloudformation:ListStacks"} if unnamed else set()))

    def recording(self: Clients, service: str, region: str) -> Any:
        client = make(self, service, region)
        client.meta.events.register("provide-client-params", note)
        return client

    monkeypatch.setattr(Clients, "_make", recording)
    return found


def granted() -> set[str]:
    """Read the actions out of the role's policy, but for pushing images and passing roles."""
    body = synthesis.synthesize(overlaid("prod", CI)).templates["delivery"]
    (policy,) = body["Resources"]["CiRole"]["Properties"]["Policies"]
    statements = policy["PolicyDocument"]["Statement"]
    actions = {action for statement in statements for action in statement["Action"]}
    return {action for action in actions if action.split(":")[0] not in ("ecr", "iam", "kms")}


def test_ci_may_call_what_the_command_line_calls(
    chess: CommandLine, called: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # No shipped template is over the limit; the largest one goes through the bucket here as it would then.
    monkeypatch.setattr(upload, "INLINE_LIMIT", 40_000)
    assert chess.run("deploy", *PROD, overlay=CI).code == 0
    wider = {
        **CI,
        "edge": {"websocket_paths": ["/lobby/*", "/play/*"]},
        "observability": {"xray_percent": 50},
    }
    assert chess.run("diff", *PROD, overlay=wider).code == 2
    assert chess.run("deploy", *PROD, overlay=wider).code == 0
    assert called - NEEDS_NO_PERMISSION <= granted()
    bucket = chess.run("outputs", *PROD, "--view", "raw").document["bootstrap"]["ArtifactBucketName"]
    stored = chess.client("s3").list_objects_v2(Bucket=bucket)["Contents"]
    assert {item["Key"].split("/")[1] for item in stored} == {"delivery"}
    idle = granted() - called - ONLY_WHEN_SOMETHING_IS_STUCK - IMPLIED.keys()
    assert idle == set(), "granted and never called"
