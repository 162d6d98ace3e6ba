"""A draft: what a stack takes and gives."""

from chess_stacks.parts.stack import Draft, Input
from chess_stacks.profile.load import load


def test_what_is_taken_twice_is_one_parameter() -> None:
    draft = Draft(key="here", profile=load("dev"))
    draft.take("network", "VpcId")
    draft.take("network", "VpcId")
    assert draft.inputs == [Input(parameter="NetworkVpcId", stack="network", output="VpcId")]


def test_what_is_given_is_an_output_and_an_ssm_parameter() -> None:
    draft = Draft(key="here", profile=load("dev"))
    draft.give("Port", "5432", "a port")
    body = draft.template.to_dict()
    assert body["Outputs"]["Port"]["Value"] == "5432"
    assert body["Resources"]["PublishedPort"]["Properties"]["Name"] == "/chess/dev/here/Port"
