"""Delivery: what CI may do, and who may be it."""

from stack_bodies import allowed, count, make


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
