"""Logging in to a cluster: with a token that is not written down, and not at all where there is none."""

import base64
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from chess_stacks.account.clients import Clients
from chess_stacks.destroy import kubernetes


class _Eks:
    """Stands where `Clients` does, with one client that gives prepared answers."""

    def __init__(self, **answer: Any) -> None:
        keys = {"aws_access_key_id": "none", "aws_secret_access_key": "none"}
        self.client = boto3.Session().client("eks", region_name="us-east-1", **keys)
        self.stub = Stubber(self.client)
        if answer:
            self.stub.add_response("describe_cluster", {"cluster": answer})
        else:
            self.stub.add_client_error("describe_cluster", "ResourceNotFoundException")
        self.stub.activate()

    def get(self, _service: str, _region: str) -> Any:
        return self.client


@pytest.mark.parametrize("answer", [{}, {"name": "chess-dev", "status": "FAILED"}], ids=["none", "failed"])
def test_where_no_cluster_is_or_ever_was_nothing_holds_anything(answer: dict[str, Any]) -> None:
    """Else a destroy that was cut off after the cluster had gone could not go on."""
    assert kubernetes.connect(_Eks(**answer), "chess-dev", "us-east-1") is None  # type: ignore[arg-type]


def test_the_token_is_a_signed_url_for_this_cluster_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "none")
    signed = kubernetes.token(Clients(), "chess-dev", "eu-central-1")
    assert signed.startswith("k8s-aws-v1.")
    padded = signed.removeprefix("k8s-aws-v1.") + "=="
    url = base64.urlsafe_b64decode(padded).decode()
    assert url.startswith("https://sts.eu-central-1.amazonaws.com/?Action=GetCallerIdentity")
    assert "X-Amz-SignedHeaders=host%3Bx-k8s-aws-id" in url
