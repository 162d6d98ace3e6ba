"""Paths of objects in the API."""

import pytest

from chess_localcluster.controlplane.api import path_of, plural


@pytest.mark.parametrize(
    "kind, expected",
    [
        ("NetworkPolicy", "networkpolicies"),
        ("Endpoints", "endpoints"),
        ("Pod", "pods"),
        ("Ingress", "ingresses"),
    ],
)
def test_kinds_have_their_plurals(kind: str, expected: str) -> None:
    assert plural(kind) == expected


def test_objects_have_their_paths() -> None:
    slice_ = {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {"name": "a", "namespace": "n"},
    }
    assert path_of(slice_) == "/apis/discovery.k8s.io/v1/namespaces/n/endpointslices/a"
    assert (
        path_of({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "n"}})
        == "/api/v1/namespaces/n"
    )
