"""A CloudFormation with the answers that a test gives it: boto3's own client behind botocore's Stubber."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.stub import ANY, Stubber

from chess_stacks.account.backoff import Backoff
from chess_stacks.account.environment import Environment
from chess_stacks.deploy.engine import Deployment
from chess_stacks.deploy.outcome import Message, Outcome
from chess_stacks.deploy.runner import Runner
from chess_stacks.profile.load import load
from chess_stacks.synth.synthesis import Assembly, Entry

NAME = "chess-dev-network"
STACK_ID = f"arn:aws:cloudformation:us-east-1:111122223333:stack/{NAME}/0a1b"
TAGS = [
    {"Key": "chess:env", "Value": "dev"},
    {"Key": "chess:stack", "Value": "network"},
    {"Key": "chess:managed-by", "Value": "chess-stacks"},
]
BODY: dict[str, Any] = {
    "Resources": {"Vpc": {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.0.0.0/16"}}}
}
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


def assembly() -> Assembly:
    """One stack, so that each answer is asked for in a known order."""
    entry = Entry(
        key="network",
        name=NAME,
        title="",
        region="us-east-1",
        depends_on=(),
        inputs=(),
        outputs=(),
        resources=1,
        size=1,
    )
    return Assembly(profile=load("dev"), templates={"network": BODY}, manifest=(entry,))


class OneClient:
    """Stands where `Clients` does: every service is the stubbed client."""

    emulated = True

    def __init__(self, client: Any) -> None:
        self.client = client

    def get(self, _service: str, _region: str) -> Any:
        return self.client


@dataclass
class Account:
    """Queue answers, run the engine, read its messages."""

    client: Any
    stub: Stubber
    messages: list[Message] = field(default_factory=list)
    naps: list[float] = field(default_factory=list)

    def stack(self, status: str, *, reason: str = "", tags: Any = TAGS) -> "Account":
        found = {
            "StackName": NAME,
            "StackId": STACK_ID,
            "StackStatus": status,
            "StackStatusReason": reason,
            "CreationTime": NOW,
            "Tags": tags,
        }
        return self.answer("describe_stacks", {"Stacks": [found]})

    def absent(self) -> "Account":
        return self.error("describe_stacks", "ValidationError", f"Stack with id {NAME} does not exist")

    def events(self, *events: tuple[str, str, str]) -> "Account":
        """Queue events, the newest first: logical id, status, reason."""
        entries = [
            {
                "EventId": f"{logical_id}-{status}",
                "StackId": STACK_ID,
                "StackName": NAME,
                "LogicalResourceId": logical_id,
                "ResourceType": "AWS::EC2::VPC",
                "ResourceStatus": status,
                "ResourceStatusReason": reason,
                "Timestamp": NOW,
            }
            for logical_id, status, reason in events
        ]
        return self.answer("describe_stack_events", {"StackEvents": entries})

    def unchanged(self) -> "Account":
        """Queue what a plan asks for when nothing differs."""
        self.answer("get_template", {"TemplateBody": json.dumps(BODY)})
        self.answer("list_change_sets", {"Summaries": []})
        self.answer("create_change_set", {"Id": "arn:aws:cloudformation:us-east-1:1:changeSet/x/1"})
        nothing = "The submitted information didn't contain changes."
        self.answer("describe_change_set", {"Status": "FAILED", "StatusReason": nothing})
        return self.answer("delete_change_set", {})

    def answer(self, method: str, response: dict[str, Any]) -> "Account":
        self.stub.add_response(method, response, _anything(method))
        return self

    def error(self, method: str, code: str, message: str = "no") -> "Account":
        self.stub.add_client_error(
            method, code, message, http_status_code=400, expected_params=_anything(method)
        )
        return self

    def deploy(self, *, backoff: Backoff | None = None) -> Outcome:
        environment = Environment(
            assembly=assembly(),
            clients=OneClient(self.client),
            account="111122223333",  # type: ignore[arg-type]
        )
        runner = Runner(
            notify=self.messages.append,
            clock=lambda: 0.0,
            backoff=backoff or Backoff(sleep=self.naps.append),
            parallel=1,
        )
        (outcome,) = Deployment(environment=environment, runner=runner).run(frozenset({"network"}))
        self.stub.assert_no_pending_responses()
        return outcome


@pytest.fixture
def account() -> Iterator[Account]:
    """Return an account whose answers are queued, with retries off so that each is given once."""
    client = boto3.Session().client(
        "cloudformation",
        region_name="us-east-1",
        aws_access_key_id="none",
        aws_secret_access_key="none",
        config=Config(retries={"max_attempts": 1, "mode": "standard"}),
    )
    with Stubber(client) as stub:
        yield Account(client=client, stub=stub)


def _anything(method: str) -> dict[str, Any]:
    shapes = {
        "create_change_set": (
            [
                "StackName",
                "ChangeSetName",
                "ChangeSetType",
                "Capabilities",
                "Parameters",
                "Tags",
                "TemplateBody",
            ]
        ),
        "describe_change_set": ["StackName", "ChangeSetName", "IncludePropertyValues"],
        "delete_change_set": ["StackName", "ChangeSetName"],
        "execute_change_set": ["StackName", "ChangeSetName", "ClientRequestToken"],
        "get_template": ["StackName", "TemplateStage"],
    }
    return dict.fromkeys(shapes.get(method, ["StackName"]), ANY)
