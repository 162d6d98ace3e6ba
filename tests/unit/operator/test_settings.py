"""What can be set, and what is reported when it cannot be."""

from dataclasses import replace
from pathlib import Path

import pytest

from chess_operator.census.reader import Endpoint, EndpointError
from chess_operator.kube.access import Access, AccessError
from chess_operator.settings import TABLE, Address, Settings, SettingsError, own_identity


@pytest.fixture
def kubeconfig(tmp_path: Path) -> str:
    path = tmp_path / "config"
    path.touch()
    return str(path)


def load(kubeconfig: str, flag: str | None = None, value: str = "", **environment: str) -> Settings:
    flags: dict[str, str | None] = dict.fromkeys(setting.flag for setting in TABLE.values())
    return Settings.load(
        environment, {**flags, "--kubeconfig": kubeconfig, **({flag: value} if flag else {})}
    )


def test_nothing_but_access_need_be_given(kubeconfig: str) -> None:
    made = load(kubeconfig)
    assert (made.namespaces, made.lease_namespace, made.service_accounts) == ((), "chess-system", frozenset())
    assert made.probe_address == Address(host="127.0.0.1", port=8081)
    assert (made.log_level, made.log_format) == ("info", "json")
    assert made.access == Access(kubeconfig=Path(kubeconfig), context=None)


def test_a_flag_overrides_its_variable(kubeconfig: str) -> None:
    environment = {"CHESS_OPERATOR_LOG_LEVEL": "debug", "CHESS_OPERATOR_CONTEXT": "far"}
    assert load(kubeconfig, **environment).log_level == "debug"
    made = load(kubeconfig, "--log-level", "error", **environment)
    assert (made.log_level, made.context) == ("error", "far")


@pytest.mark.parametrize(
    "environment, found",
    [
        ({"KUBECONFIG": "usual"}, "usual"),
        ({"KUBECONFIG": "usual", "CHESS_OPERATOR_KUBECONFIG": "own"}, "own"),
        ({"KUBECONFIG": "usual", "CHESS_OPERATOR_KUBECONFIG": ""}, "usual"),
    ],
)
def test_our_own_kubeconfig_variable_comes_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], found: str
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("usual", "own"):
        (tmp_path / name).touch()
    assert Settings.load(environment, {}).kubeconfig == Path(found)


@pytest.mark.parametrize(
    "text, host, port",
    [("127.0.0.1:8081", "127.0.0.1", 8081), ("[::1]:0", "::1", 0)],
    ids=["IPv4", "IPv6"],
)
def test_an_address(kubeconfig: str, text: str, host: str, port: int) -> None:
    assert load(kubeconfig, "--probe-address", text).probe_address == Address(host=host, port=port)


@pytest.mark.parametrize("text", ["8081", ":8081", "host:", "host:http", "host:65536", "host:-1"])
def test_no_address(kubeconfig: str, text: str) -> None:
    with pytest.raises(SettingsError, match=r"--probe-address: .* is not HOST:PORT"):
        load(kubeconfig, "--probe-address", text)


def test_namespaces_come_by_flags_or_in_one_variable(kubeconfig: str) -> None:
    assert load(kubeconfig, "--namespace", "a,b,c d,a").namespaces == ("a", "b", "c", "d")
    assert load(kubeconfig, CHESS_OPERATOR_NAMESPACES="b,a").namespaces == ("b", "a")
    with pytest.raises(SettingsError, match=r"^--namespace: 'A_b' is not a namespace's name"):
        load(kubeconfig, "--namespace", "A_b")


def test_what_is_wrong_in_a_variable_goes_by_its_name(kubeconfig: str) -> None:
    with pytest.raises(SettingsError, match=r"^CHESS_OPERATOR_NAMESPACES: 'A_b' is not a namespace's name"):
        load(kubeconfig, CHESS_OPERATOR_NAMESPACES="A_b")


@pytest.mark.parametrize("flag", [setting.flag for setting in TABLE.values()])
def test_an_empty_flag_is_refused_in_one_line_by_its_name(kubeconfig: str, flag: str) -> None:
    with pytest.raises(SettingsError, match=f"^{flag}: '' is not .+") as refused:
        load(kubeconfig, flag)
    assert "\n" not in str(refused.value)


def test_an_empty_variable_counts_as_not_set(kubeconfig: str) -> None:
    variables = [variable for setting in TABLE.values() for variable in setting.variables]
    empty, unset = load(kubeconfig, **dict.fromkeys(variables, " ")), load(kubeconfig)
    assert replace(empty, identity="") == replace(unset, identity="")


def test_the_lease_s_namespace_is_checked(kubeconfig: str) -> None:
    assert load(kubeconfig, "--lease-namespace", "chess").lease_namespace == "chess"
    with pytest.raises(SettingsError, match="--lease-namespace: 'A_b' is not a namespace's name"):
        load(kubeconfig, "--lease-namespace", "A_b")


def test_service_accounts_come_by_flags_or_in_one_variable(kubeconfig: str) -> None:
    assert load(kubeconfig, "--allow-service-account", "a,b.c,d").service_accounts == {"a", "b.c", "d"}
    with pytest.raises(SettingsError, match="--allow-service-account: 'A_b' is not a service account's name"):
        load(kubeconfig, "--allow-service-account", "A_b")


@pytest.mark.parametrize("flag", ["--log-level", "--log-format"])
def test_what_is_not_one_of_a_few_words_is_refused_with_them(kubeconfig: str, flag: str) -> None:
    with pytest.raises(SettingsError, match=f"^{flag}: 'loud' is not one of (debug|json), "):
        load(kubeconfig, flag, "loud")


@pytest.mark.parametrize(
    "content, reason",
    [(b"x: [", "not YAML"), (b"\xff\xfe\x00", "not YAML"), (b"127.0.0.1 localhost", "not a kubeconfig")],
    ids=["not-yaml", "not-text", "no mapping"],
)
async def test_a_kubeconfig_that_is_none(tmp_path: Path, content: bytes, reason: str) -> None:
    broken = tmp_path / "kubeconfig"
    broken.write_bytes(content)
    with pytest.raises(AccessError, match=f"kubeconfig .*: {reason}") as caught:
        await Access(kubeconfig=broken, context=None).configuration()
    assert "\n" not in str(caught.value)


def test_a_kubeconfig_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"^--kubeconfig: '.*/none' is not an existing file$"):
        load(str(tmp_path / "none"))


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
