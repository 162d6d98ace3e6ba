"""CloudFront: which paths go where."""

from stack_bodies import make, one


def test_game_paths_go_uncached_to_the_load_balancer_and_all_else_to_the_bucket() -> None:
    config = one(make("prod")["edge-global"], "AWS::CloudFront::Distribution")["DistributionConfig"]
    assert config["DefaultCacheBehavior"]["TargetOriginId"] == "web"
    paths = {behaviour["PathPattern"]: behaviour for behaviour in config["CacheBehaviors"]}
    assert set(paths) == {"/lobby/*", "/play/*", "/watch/*"}
    uncached = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
    assert {(b["TargetOriginId"], b["CachePolicyId"]) for b in paths.values()} == {("game", uncached)}
