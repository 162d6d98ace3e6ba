"""What can be set, and what is said when it cannot be."""

from pathlib import Path

import pytest

from chess_operator.census.reader import Endpoint, EndpointError
from chess_operator.kube.access import Access, AccessError
from chess_operator.settings import (
    Address,
    SettingsError,
    access_of,
    lease_namespace_of,
    namespaces_of,
    own_identity,
    service_accounts_of,
)


@pytest.mark.parametrize(
    "text, host, port",
    [("127.0.0.1:8081", "127.0.0.1", 8081), ("[::1]:0", "::1", 0)],
    ids=["IPv4", "IPv6"],
)
def test_an_address(text: str, host: str, port: int) -> None:
    assert Address.parse(text, name="--probe-address") == Address(host=host, port=port)


@pytest.mark.parametrize("text", ["8081", ":8081", "host:", "host:http", "host:65536", "host:-1"])
def test_no_address(text: str) -> None:
    with pytest.raises(SettingsError, match=r"--probe-address: .* is not HOST:PORT"):
        Address.parse(text, name="--probe-address")


def test_namespaces_come_by_flags_or_in_one_variable() -> None:
    assert namespaces_of(["a", "b,c d", "a"]) == ("a", "b", "c", "d")
    assert namespaces_of([]) == ()
    with pytest.raises(SettingsError, match="'A_b' is not a namespace's name"):
        namespaces_of(["A_b"])


def test_the_lease_s_namespace_is_checked() -> None:
    assert lease_namespace_of("chess") == "chess"
    assert lease_namespace_of(None) == "chess-system"
    with pytest.raises(SettingsError, match="--lease-namespace: 'A_b' is not a namespace's name"):
        lease_namespace_of("A_b")


def test_service_accounts_come_by_flags_or_in_one_variable() -> None:
    assert service_accounts_of(["a", "b.c,d"]) == {"a", "b.c", "d"}
    with pytest.raises(SettingsError, match="--allow-service-account: 'A_b' is not a service account's name"):
        service_accounts_of(["A_b"])


@pytest.mark.parametrize("content", [b"x: [", b"\xff\xfe\x00"], ids=["not-yaml", "not-text"])
async def test_a_kubeconfig_that_is_none(tmp_path: Path, content: bytes) -> None:
    broken = tmp_path / "kubeconfig"
    broken.write_bytes(content)
    with pytest.raises(AccessError, match=r"kubeconfig .*: not YAML") as caught:
        await Access(kubeconfig=broken, context=None).configuration()
    assert "\n" not in str(caught.value)


def test_a_kubeconfig_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="there is no file"):
        access_of(tmp_path / "none", None)


def test_every_start_is_another_candidate() -> None:
    assert own_identity() != own_identity()


@pytest.mark.parametrize("url", ["http://h", "hunter2", "redis://", "redis://:hunter2@h:70000/0", ""])
def test_a_url_that_is_none_is_refused_without_showing_it(url: str) -> None:
    with pytest.raises(EndpointError) as caught:
        Endpoint(url=url)
    assert "hunter2" not in str(caught.value)


def test_an_endpoint_shows_its_address_only() -> None:
    endpoint = Endpoint(url="rediss://user:hunter2@cache.internal/0")
    assert repr(endpoint) == "Endpoint(cache.internal:6379)"
    assert f"{[endpoint]}" == "[Endpoint(cache.internal:6379)]"
