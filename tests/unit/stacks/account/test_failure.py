"""Every error is one sentence with what to do, and shows no credential."""

import pytest
from botocore import exceptions as aws

from chess_stacks.account import failure


def refused(code: str, message: str = "no") -> aws.ClientError:
    return aws.ClientError({"Error": {"Code": code, "Message": message}}, "DescribeStacks")


@pytest.mark.parametrize(
    "error,expected,advises",
    [
        pytest.param(refused("ExpiredToken"), "have expired", "log in again", id="expired"),
        pytest.param(
            refused("InvalidClientTokenId"), "does not know these credentials", "AWS_PROFILE", id="unknown"
        ),
        pytest.param(
            refused("AccessDenied", "not authorized to perform: eks:CreateCluster"),
            "eks:CreateCluster",
            "permission",
            id="denied",
        ),
        pytest.param(refused("Throttling"), "throttling", "same command", id="throttled"),
        pytest.param(refused("LimitExceededException"), "quota", "doctor", id="quota"),
        pytest.param(aws.NoCredentialsError(), "no AWS credentials", "log in", id="none"),
        pytest.param(
            aws.ProfileNotFound(profile="x"), "profile does not exist", "list-profiles", id="profile"
        ),
        pytest.param(
            aws.EndpointConnectionError(endpoint_url="http://127.0.0.1:1"),
            "cannot be reached",
            "continues by itself",
            id="network",
        ),
    ],
)
def test_a_failure_explains_what_happened_and_what_to_do(
    error: Exception, expected: str, advises: str
) -> None:
    explained = failure.explain(error, "deploying chess-dev-network")
    assert explained.message.startswith("deploying chess-dev-network: ")
    assert expected in explained.message
    assert advises in explained.advice
    assert "\n" not in str(explained)


def test_an_unknown_code_keeps_the_services_own_words() -> None:
    assert str(failure.explain(refused("Odd", "something odd"), "asking")) == "asking: Odd: something odd"


def test_an_empty_answer_is_reported_with_its_http_status() -> None:
    error = aws.ClientError({"ResponseMetadata": {"HTTPStatusCode": 400}}, "GetProducts")  # type: ignore[typeddict-item]
    assert str(failure.explain(error, "cost")) == "cost: the service refused (HTTP 400)"


def test_refusals_have_their_own_exit_code() -> None:
    assert (failure.Failure("x").exit_code, failure.Refused("x").exit_code) == (1, 3)


@pytest.mark.parametrize(
    "text",
    [
        "user AKIAIOSFODNN7EXAMPLE is not allowed",
        "role ASIAIOSFODNN7EXAMPLE",
        "https://sts.amazonaws.com/?X-Amz-Signature=abcdef0123&X-Amz-Security-Token=verysecret",
    ],
)
def test_credentials_are_blanked(text: str) -> None:
    shown = failure.redact(text)
    assert "****" in shown
    assert not {"AKIAIOSFODNN7EXAMPLE", "ASIAIOSFODNN7EXAMPLE"} & set(shown.split())
    assert "verysecret" not in shown
    assert "abcdef0123" not in shown
