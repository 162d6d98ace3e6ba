"""What a user of the stacks would miss if it were not so."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from chess_stacks.profile.load import NAMES, load, overlaid
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
    return synthesize(overlaid(base, overlay or {})).templates


def one(body: Body, kind: str) -> Mapping[str, Any]:
    return next(iter(template.of_type(body, kind)))[1]


def count(body: Body, kind: str) -> int:
    return len(list(template.of_type(body, kind)))


def allowed(body: Body, role: str) -> set[str]:
    statements = body["Resources"][role]["Properties"]["Policies"][0]["PolicyDocument"]["Statement"]
    return {action for statement in statements for action in template.listed(statement["Action"])}


@pytest.mark.parametrize(
    "base, overlay, gateways",
    [("prod", {}, 3), ("staging", {}, 1), ("hackathon", {}, 1), ("prod", PRIVATE, 0)],
    ids=["one a zone", "one", "one for one zone", "none"],
)
def test_nat_gateways_are_as_many_as_asked_for(base: str, overlay: dict[str, Any], gateways: int) -> None:
    network = make(base, overlay)["network"]
    assert count(network, "AWS::EC2::NatGateway") == gateways
    private = [
        properties
        for _, properties in template.of_type(network, "AWS::EC2::Route")
        if "NatGatewayId" in properties
    ]
    assert bool(private) is bool(gateways)


def test_a_single_zone_keeps_nodes_and_data_in_the_first() -> None:
    made = make("hackathon")
    nodes = made["network"]["Outputs"]["NodeSubnetIds"]["Value"]
    assert nodes == {"Fn::Join": [",", [{"Ref": "PrivateSubnet1"}]]}
    assert one(made["data-rds"], "AWS::RDS::DBInstance")["AvailabilityZone"] == {"Ref": "NetworkFirstZone"}


def test_network_policies_are_enforced() -> None:
    addon = make("prod")["eks-control"]["Resources"]["VpcCniAddon"]["Properties"]
    assert json.loads(addon["ConfigurationValues"]) == {"enableNetworkPolicy": "true"}


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


def test_a_pinned_add_on_gets_its_version_and_another_eks_default() -> None:
    pinned = {"eks": {"addon_versions": {"coredns": "v1.12.1-eksbuild.2"}}}
    body = make("prod", pinned)["eks-platform"]
    versions = {
        properties["AddonName"]: properties.get("AddonVersion")
        for _, properties in template.of_type(body, "AWS::EKS::Addon")
    }
    assert versions["coredns"] == "v1.12.1-eksbuild.2"
    assert versions["metrics-server"] is None


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


def test_aurora_can_sleep() -> None:
    cluster = one(make("hackathon")["data-rds"], "AWS::RDS::DBCluster")
    scaling = cluster["ServerlessV2ScalingConfiguration"]
    assert scaling == {"MinCapacity": 0.0, "MaxCapacity": 2.0, "SecondsUntilAutoPause": 300}


def test_aurora_that_may_not_sleep_has_no_pause() -> None:
    cluster = one(make("staging")["data-rds"], "AWS::RDS::DBCluster")
    assert "SecondsUntilAutoPause" not in cluster["ServerlessV2ScalingConfiguration"]


@pytest.mark.parametrize("replicas", [0, 1, 2])
def test_rds_manages_the_password_unless_there_are_replicas(replicas: int) -> None:
    body = make("dev", {"database": {"replicas": replicas}})["data-rds"]
    primary = body["Resources"]["Primary"]["Properties"]
    assert ("ManageMasterUserPassword" in primary) is (replicas == 0)
    assert ("MasterUserPassword" in primary) is (replicas > 0)
    assert count(body, "AWS::RDS::DBInstance") == 1 + replicas
    reader = template.reference(body["Outputs"]["ReaderEndpoint"]["Value"])
    assert reader == ("Replica1" if replicas else "Primary")


def test_readers_scale_between_their_bounds() -> None:
    target = one(make("prod")["data-rds"], "AWS::ApplicationAutoScaling::ScalableTarget")
    assert (target["MinCapacity"], target["MaxCapacity"]) == (1, 4)
    fixed = make("prod", {"database": {"max_readers": 1}})["data-rds"]
    assert count(fixed, "AWS::ApplicationAutoScaling::ScalableTarget") == 0


@pytest.mark.parametrize(
    "cache, endpoint, clustered",
    [
        ({"kind": "node"}, "PrimaryEndPoint.Address", "false"),
        ({"kind": "replication-group", "replicas": 2}, "PrimaryEndPoint.Address", "false"),
        ({"kind": "cluster", "shards": 2}, "ConfigurationEndPoint.Address", "true"),
        ({"kind": "serverless", "version": "8"}, "Endpoint.Address", "true"),
    ],
    ids=["node", "replication-group", "cluster", "serverless"],
)
def test_clients_learn_where_redis_is_and_how_it_speaks(
    cache: dict[str, Any], endpoint: str, clustered: str
) -> None:
    outputs = make("dev", {"cache": {"replicas": 0, **cache}})["data-cache"]["Outputs"]
    assert outputs["Endpoint"]["Value"]["Fn::GetAtt"][1] == endpoint
    assert outputs["ClusterMode"]["Value"] == clustered


@pytest.mark.parametrize("base", NAMES)
def test_redis_refuses_writes_rather_than_evict_a_game(base: str) -> None:
    group = one(make(base)["data-cache"], "AWS::ElastiCache::ParameterGroup")
    assert group["Properties"]["maxmemory-policy"] == "noeviction"


def test_redis_default_user_may_do_nothing() -> None:
    overlay = {"cache": {"engine": "redis", "version": "7.1"}}
    users = dict(template.of_type(make("dev", overlay)["data-cache"], "AWS::ElastiCache::User"))
    assert users["DefaultUser"]["AccessString"].startswith("off ")
    assert users["DefaultUser"]["AccessString"].endswith("-@all")


def test_all_weight_is_on_blue_until_the_operator_moves_it() -> None:
    rule = one(make("prod")["edge-regional"], "AWS::ElasticLoadBalancingV2::ListenerRule")
    groups = rule["Actions"][0]["ForwardConfig"]["TargetGroups"]
    weights = {template.reference(group["TargetGroupArn"]): group["Weight"] for group in groups}
    assert weights == {"BlueTargets": 100, "GreenTargets": 0}


def test_with_a_domain_every_hop_to_the_load_balancer_is_encrypted() -> None:
    made = make("prod", NAMED)
    listener = one(made["edge-regional"], "AWS::ElasticLoadBalancingV2::Listener")
    assert (listener["Port"], listener["Protocol"]) == (443, "HTTPS")
    origin = one(made["edge-global"], "AWS::CloudFront::VpcOrigin")["VpcOriginEndpointConfig"]
    assert origin["OriginProtocolPolicy"] == "https-only"
    records = {p["Type"] for _, p in template.of_type(made["edge-global"], "AWS::Route53::RecordSet")}
    assert records == {"A", "AAAA"}


def test_game_paths_go_uncached_to_the_load_balancer_and_all_else_to_the_bucket() -> None:
    config = one(make("prod")["edge-global"], "AWS::CloudFront::Distribution")["DistributionConfig"]
    assert config["DefaultCacheBehavior"]["TargetOriginId"] == "web"
    paths = {behaviour["PathPattern"]: behaviour for behaviour in config["CacheBehaviors"]}
    assert set(paths) == {"/lobby/*", "/play/*", "/watch/*"}
    uncached = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
    assert {(b["TargetOriginId"], b["CachePolicyId"]) for b in paths.values()} == {("game", uncached)}


@pytest.mark.parametrize("keep", [True, False])
def test_what_holds_data_stays_or_goes_as_the_profile_says(*, keep: bool) -> None:
    made = make("prod", {"keep_data": keep})
    policies = {
        made["data-rds"]["Resources"]["Cluster"]["DeletionPolicy"],
        made["data-cache"]["Resources"]["ReplicationGroup"]["DeletionPolicy"],
    }
    assert policies == {"Snapshot" if keep else "Delete"}
    key = made["security"]["Resources"]["DataKey"]["DeletionPolicy"]
    assert key == ("RetainExceptOnCreate" if keep else "Delete"), (
        "a snapshot is worth nothing without its key"
    )


def test_ci_may_start_deployments_and_nothing_by_itself() -> None:
    body = make("prod", {"bootstrap": {"ci_repository": "example/chess"}})["delivery"]
    may = allowed(body, "CiRole")
    services = {"cloudformation", "ecr", "elasticloadbalancing", "iam", "kms", "s3"}
    assert {action.partition(":")[0] for action in may} == services
    assert {action for action in may if action.startswith("kms:")} == {"kms:Decrypt", "kms:GenerateDataKey"}
    balancers = [action for action in may if action.startswith("elasticloadbalancing:")]
    assert all(":Describe" in action for action in balancers)
    assert {action for action in may if action.startswith("iam:")} == {"iam:PassRole"}
    assert not any("DeleteStack" in action for action in may)


def test_ci_is_trusted_on_one_branch_of_one_repository() -> None:
    body = make("prod", {"bootstrap": {"ci_repository": "example/chess"}})["delivery"]
    (trust,) = body["Resources"]["CiRole"]["Properties"]["AssumeRolePolicyDocument"]["Statement"]
    subject = trust["Condition"]["StringEquals"]["token.actions.githubusercontent.com:sub"]
    assert subject == "repo:example/chess:ref:refs/heads/main"


def test_an_existing_oidc_provider_is_used() -> None:
    arn = "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com"
    ci = {"bootstrap": {"ci_repository": "example/chess", "ci_provider": arn}}
    assert count(make("prod", ci)["delivery"], "AWS::IAM::OIDCProvider") == 0


def test_alarms_watch_every_cache_node() -> None:
    alarms = dict(template.of_type(make("prod")["observability"], "AWS::CloudWatch::Alarm"))
    assert len([name for name in alarms if name.startswith("CacheMemory")]) == 6


@pytest.mark.parametrize("base", NAMES)
def test_bootstrap_can_be_sent_inline(base: str) -> None:
    assembly = synthesize(load(base))
    assert assembly.manifest[0].key == "bootstrap"
    assert assembly.manifest[0].size <= 51_200
