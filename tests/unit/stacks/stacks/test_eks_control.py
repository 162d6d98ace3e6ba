"""The cluster: who is let in, and what Auto Mode brings itself."""

import json

from stack_bodies import count, make, one

from chess_stacks.rules import template


def test_whoever_made_the_cluster_is_no_admin_of_it() -> None:
    arn = "arn:aws:iam::123456789012:role/platform"
    body = make("prod", {"eks": {"admins": [arn]}})["eks-control"]
    access = one(body, "AWS::EKS::Cluster")["AccessConfig"]
    assert access == {"AuthenticationMode": "API", "BootstrapClusterCreatorAdminPermissions": False}
    entries = [
        properties["PrincipalArn"] for _, properties in template.of_type(body, "AWS::EKS::AccessEntry")
    ]
    assert entries == [arn]


def test_auto_mode_brings_its_own_add_ons_and_nodes() -> None:
    made = make("prod", {"eks": {"compute": "auto", "groups": []}})
    cluster = one(made["eks-control"], "AWS::EKS::Cluster")
    assert cluster["ComputeConfig"]["Enabled"] is True
    assert count(made["eks-control"], "AWS::EKS::Addon") == 0
    added = {
        properties["AddonName"] for _, properties in template.of_type(made["eks-platform"], "AWS::EKS::Addon")
    }
    assert "coredns" not in added
    assert "metrics-server" in added


def test_network_policies_are_enforced() -> None:
    addon = make("prod")["eks-control"]["Resources"]["VpcCniAddon"]["Properties"]
    assert json.loads(addon["ConfigurationValues"]) == {"enableNetworkPolicy": "true"}
