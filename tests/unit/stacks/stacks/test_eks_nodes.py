"""Nodes: no pod reaches their role."""

from stack_bodies import make

from chess_stacks.rules import template


def test_pods_cannot_reach_the_nodes_role() -> None:
    for _, properties in template.of_type(make("prod")["eks-nodes"], "AWS::EC2::LaunchTemplate"):
        metadata = properties["LaunchTemplateData"]["MetadataOptions"]
        assert metadata == {"HttpTokens": "required", "HttpPutResponseHopLimit": 1}


def test_karpenters_nodes_have_a_role_that_no_managed_group_uses() -> None:
    body = make("prod")["eks-nodes"]
    groups = {str(p["NodeRole"]) for _, p in template.of_type(body, "AWS::EKS::Nodegroup")}
    entries = {str(p["PrincipalArn"]) for _, p in template.of_type(body, "AWS::EKS::AccessEntry")}
    assert entries
    assert not groups & entries
