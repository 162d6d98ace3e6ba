"""The GitOps values: complete, checked, and without a secret in them."""

import pytest

from chess_stacks.profile.load import NAMES, load
from chess_stacks.synth import synthesis, values

IDENTITY = {"environment": "dev", "account": "111122223333", "region": "us-east-1"}
SECRET = "arn:aws:secretsmanager:us-east-1:111122223333:secret:chess-dev-1a2b3c"


def made_up(field: str, output: str) -> str:
    if "secret" in field.lower():
        return SECRET
    if output.endswith("Arn"):
        return f"arn:aws:service:us-east-1:111122223333:thing/{output}"
    return {"Port": "5432", "ClusterMode": "true"}.get(output, output.lower())


def outputs() -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for field, (stack, output) in values.SOURCES.items():
        found.setdefault(stack, {})[output] = made_up(field, output)
    return found


def test_renders_typed_values() -> None:
    tree = values.render(IDENTITY, outputs())
    assert tree["schema"] == 1
    assert tree["database"]["port"] == 5432
    assert tree["redis"]["clusterMode"] is True
    assert tree["loadBalancer"]["targetGroups"]["green"].endswith("GreenTargetGroupArn")


def test_optional_parts_stay_out_where_a_profile_has_none() -> None:
    given = outputs()
    del given["observability"], given["eks-nodes"]
    tree = values.render(IDENTITY, given)
    assert not {"alarmTopicArn", "karpenterQueue"} & tree.keys()


def test_a_missing_output_is_named_with_its_stack() -> None:
    given = outputs()
    del given["data-rds"]["Endpoint"]
    with pytest.raises(
        values.ValuesError, match=r"^database\.host: missing; it comes from the output data-rds\.Endpoint$"
    ):
        values.render(IDENTITY, given)


def test_a_secret_itself_is_refused_and_not_repeated() -> None:
    given = outputs()
    given["security"]["CachePasswordArn"] = "correct-horse-battery-staple"
    with pytest.raises(values.ValuesError) as caught:
        values.render(IDENTITY, given)
    assert "redis.secretArn" in str(caught.value)
    assert "correct-horse" not in str(caught.value)


def test_the_shipped_schema_is_the_models() -> None:
    assert values.published_schema() == values.schema()


@pytest.mark.parametrize("name", NAMES)
def test_every_required_output_is_made_by_every_profile(name: str) -> None:
    made = {
        (entry.key, output) for entry in synthesis.synthesize(load(name)).manifest for output in entry.outputs
    }
    optional = {
        "roles.cloudWatchAgent",
        "roles.karpenter",
        "karpenterNodeRole",
        "karpenterQueue",
        "alarmTopicArn",
    }
    missing = {field for field, source in values.SOURCES.items() if source not in made} - optional
    assert missing == set()
