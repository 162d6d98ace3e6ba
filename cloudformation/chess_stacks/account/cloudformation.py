"""CloudFormation in one region, as values: the thin shell that every command goes through.

No method decides anything; each makes a call or follows its pages.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import yaml
from botocore import exceptions as aws

from chess_stacks.account import changes, failure, records
from chess_stacks.account.clients import Clients
from chess_stacks.account.records import Deployed, Event, Resource, Submission

CAPABILITIES = ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"]
CHANGE_SET_PREFIX = "chess-stacks-"


class CloudFormation:
    """CloudFormation of one region."""

    def __init__(self, clients: Clients, region: str) -> None:
        self.region = region
        self.client: Any = clients.get("cloudformation", region)

    def find(self, name: str) -> Deployed | None:
        """Return the stack, or None where there is none."""
        try:
            answer = self.client.describe_stacks(StackName=name)["Stacks"]
        except aws.ClientError as error:
            if failure.code_of(error) == "ValidationError" and "does not exist" in str(error):
                return None
            raise
        return records.read_stack(answer[0])

    def tagged(self, tags: Mapping[str, str]) -> list[Deployed]:
        """Return every stack of the region with all these tags."""
        pages = self.client.get_paginator("describe_stacks").paginate()
        stacks = [records.read_stack(entry) for page in pages for entry in page["Stacks"]]
        return [
            stack
            for stack in stacks
            if tags.items() <= stack.tags.items() and stack.status != "DELETE_COMPLETE"
        ]

    def template(self, name: str) -> dict[str, Any]:
        """Return the template as it was submitted."""
        body = self.client.get_template(StackName=name, TemplateStage="Original")["TemplateBody"]
        if not isinstance(body, str):
            return dict(body)
        loaded: dict[str, Any] = json.loads(body) if body.lstrip().startswith("{") else yaml.safe_load(body)
        return loaded

    def resources(self, name: str) -> list[Resource]:
        """Return the resources that the stack holds."""
        pages = self.client.get_paginator("list_stack_resources").paginate(StackName=name)
        return [records.read_resource(entry) for page in pages for entry in page["StackResourceSummaries"]]

    def events(self, name: str) -> Iterator[Event]:
        """Yield events, the newest first."""
        for page in self.client.get_paginator("describe_stack_events").paginate(StackName=name):
            yield from map(records.read_event, page["StackEvents"])

    def submit(self, name: str, order: Submission) -> None:
        """Begin to make a change set."""
        self.client.create_change_set(
            StackName=order.stack,
            ChangeSetName=name,
            ChangeSetType=order.kind,
            Capabilities=CAPABILITIES,
            Parameters=[
                {"ParameterKey": key, "ParameterValue": val} for key, val in order.parameters.items()
            ],
            Tags=[{"Key": key, "Value": value} for key, value in order.tags.items()],
            **({"TemplateURL": order.url} if order.url else {"TemplateBody": order.body}),
            **({"RoleARN": order.role} if order.role else {}),
        )

    def change_set(self, stack: str, name: str) -> tuple[str, str, changes.ChangeSet]:
        """Return the change set's status, the reason for it, and what it would change."""
        arguments = {"StackName": stack, "ChangeSetName": name}
        answer = self.client.describe_change_set(**arguments, IncludePropertyValues=True)
        entries = list(answer.get("Changes", ()))
        following = answer
        while following.get("NextToken"):
            following = self.client.describe_change_set(
                **arguments, IncludePropertyValues=True, NextToken=following["NextToken"]
            )
            entries += following.get("Changes", ())
        found = changes.ChangeSet(name=name, changes=changes.parse(entries))
        return answer["Status"], answer.get("StatusReason", ""), found

    def execute(self, stack: str, name: str, token: str) -> None:
        """Begin to carry a change set out."""
        self.client.execute_change_set(StackName=stack, ChangeSetName=name, ClientRequestToken=token)

    def discard(self, stack: str, name: str) -> None:
        """Delete a change set that is not wanted any more."""
        self.client.delete_change_set(StackName=stack, ChangeSetName=name)

    def leftover_change_sets(self, stack: str) -> list[str]:
        """Name the change sets that an earlier run of this command made and left."""
        pages = self.client.get_paginator("list_change_sets").paginate(StackName=stack)
        names = [str(entry["ChangeSetName"]) for page in pages for entry in page["Summaries"]]
        return [name for name in names if name.startswith(CHANGE_SET_PREFIX)]
