"""What runs in every cluster: add-ons, and roles that do no more than their pods need."""

import pytest
from stack_bodies import allowed, make

from chess_stacks.profile.load import NAMES
from chess_stacks.rules import template


def test_a_pinned_add_on_gets_its_version_and_another_eks_default() -> None:
    pinned = {"eks": {"addon_versions": {"coredns": "v1.12.1-eksbuild.2"}}}
    body = make("prod", pinned)["eks-platform"]
    versions = {
        properties["AddonName"]: properties.get("AddonVersion")
        for _, properties in template.of_type(body, "AWS::EKS::Addon")
    }
    assert versions["coredns"] == "v1.12.1-eksbuild.2"
    assert versions["metrics-server"] is None


def test_the_load_balancer_controller_cannot_make_a_load_balancer() -> None:
    may = allowed(make("prod")["eks-platform"], "LoadBalancerControllerRole")
    assert "elasticloadbalancing:RegisterTargets" in may
    assert not any("Create" in action or "Delete" in action for action in may)


def test_the_operator_may_move_weights_and_nothing_else_of_the_load_balancer() -> None:
    may = allowed(make("prod")["eks-platform"], "OperatorRole")
    assert {action for action in may if "Describe" not in action} == {"elasticloadbalancing:ModifyRule"}


@pytest.mark.parametrize("base", NAMES)
def test_each_pod_role_trusts_one_service_account(base: str) -> None:
    body = make(base)["eks-platform"]
    for logical_id, properties in template.of_type(body, "AWS::IAM::Role"):
        (trust,) = properties["AssumeRolePolicyDocument"]["Statement"]
        tags = trust["Condition"]["StringEquals"]
        assert set(tags) == {
            "aws:RequestTag/kubernetes-namespace",
            "aws:RequestTag/kubernetes-service-account",
        }, logical_id
