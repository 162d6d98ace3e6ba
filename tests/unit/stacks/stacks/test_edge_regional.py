"""The load balancer: all weight on one colour, and TLS on every hop with a domain."""

from stack_bodies import NAMED, make, one

from chess_stacks.rules import template


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
