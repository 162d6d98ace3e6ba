"""A profile is the shipped file with the overlay on it, or a refusal that names field, value and what is allowed."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chess_stacks.profile import checks
from chess_stacks.profile.load import BY_OVERLAY, NAMES, ProfileError, load, overlaid
from chess_stacks.profile.model import Profile
from chess_stacks.profile.sections import AuroraDatabase, RdsDatabase

GROUP = {"name": "one", "instance_types": ["m7g.large"]}


@pytest.mark.parametrize("name", NAMES)
def test_every_shipped_profile_loads_and_names_its_environment_after_itself(name: str) -> None:
    loaded = load(name)
    assert (loaded.name, loaded.env) == (name, name)
    assert all("newer" not in line for line in checks.warnings(loaded))


@pytest.mark.parametrize("name", NAMES)
def test_every_reason_is_about_a_field_that_exists(name: str) -> None:
    loaded = load(name)
    assert loaded.why, "explain has something to show"
    for path in loaded.why:
        node: Any = loaded
        for part in path.split("."):
            node = getattr(node, part)


def test_the_environment_can_be_named_otherwise() -> None:
    assert load("dev", env="pr-17").env == "pr-17"


def test_an_overlay_changes_what_it_names_and_nothing_else(overlay: Any) -> None:
    plain = load("prod")
    changed = load("prod", overlay({"network": {"cidr": "10.99.0.0/16"}}))
    assert changed.network.cidr == "10.99.0.0/16"
    assert changed.network.zones == plain.network.zones
    assert changed.eks == plain.eks


def test_another_kind_of_database_starts_from_its_own_defaults(overlay: Any) -> None:
    assert isinstance(load("prod").database, AuroraDatabase)
    changed = load("prod", overlay({"database": {"kind": "rds", "replicas": 2}})).database
    assert isinstance(changed, RdsDatabase)
    assert (changed.replicas, changed.backup_days) == (2, 7)


def test_a_list_in_an_overlay_replaces_the_list_below(overlay: Any) -> None:
    changed = load("dev", overlay({"eks": {"groups": [GROUP]}}))
    assert [group.name for group in changed.eks.groups] == ["one"]


def test_an_empty_overlay_is_no_overlay(overlay: Any) -> None:
    assert load("dev", overlay("# nothing yet\n")) == load("dev")


@pytest.mark.parametrize(
    "text, expected",
    [("- a\n- b\n", "list at the top"), ("a: [", "not valid YAML"), ("network: 3\n", "network: 3")],
    ids=["a list", "broken", "a number for a section"],
)
def test_an_overlay_that_is_none(text: str, expected: str, overlay: Any) -> None:
    with pytest.raises(ProfileError, match=expected):
        load("dev", overlay(text))


def test_an_overlay_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ProfileError, match="No such file"):
        load("dev", tmp_path / "missing.yaml")


def test_a_profile_that_is_not_shipped() -> None:
    with pytest.raises(ProfileError, match="allowed: hackathon, dev, staging, prod"):
        load("production")


@pytest.mark.parametrize("env", ["Prod", "1st", "a", "much-too-long-a-name", "trailing-"])
def test_an_environment_name_that_names_cannot_carry(env: str) -> None:
    with pytest.raises(ProfileError, match=f"env: '{env}'"):
        load("dev", env=env)


@pytest.mark.parametrize("kind,version", [("rds", "17.9"), ("aurora", "17.9")])
def test_the_path_of_a_refusal_is_the_users(kind: str, version: str) -> None:
    with pytest.raises(ProfileError) as caught:
        overlaid("dev", {"database": {"kind": kind, "version": version, "password": "x"}})
    assert str(caught.value) == "database.password: unknown field"


def test_an_overlay_takes_the_place_of_a_profiles_reasons() -> None:
    over = {"network": {"nat": "per-zone", "zones": 2}, "database": {"kind": "aurora", "version": "17.9"}}
    why = overlaid("dev", over).why
    assert why["network.nat"] == why["database.kind"] == BY_OVERLAY
    assert "network.zones" not in why, "the value that the profile has anyway"
    assert "database.replicas" not in why, "Aurora has no such setting"
    assert why["cache.replicas"] == load("dev").why["cache.replicas"]


def test_an_overlay_may_give_a_reason_of_its_own() -> None:
    why = overlaid("dev", {"network": {"nat": "per-zone"}, "why": {"network.nat": "a zone failed"}}).why
    assert why["network.nat"] == "a zone failed"


SECTIONS = (
    *("env", "account", "region", "keep_data", "tags", "why", "bootstrap", "network", "security"),
    *("database", "cache", "eks", "edge", "observability", "unknown", "name"),
)
FIELDS = (
    *("cidr", "zones", "nat", "kind", "version", "engine", "groups", "min_acu", "replicas", "addon_versions"),
    *(
        "admins",
        "public_cidrs",
        "zone_names",
        "domain",
        "websocket_paths",
        "budget_usd",
        "interface_endpoints",
    ),
)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**6), 10**6),
    st.floats(),
    st.text(max_size=12),
    st.sampled_from(["rds", "aurora", "valkey", "10.0.0.0/16", "1.36", "17.9", "x.y", "1.", ".", "999.999"]),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(FIELDS) | st.text(max_size=4) | st.integers(), inner, max_size=3)
    ),
    max_leaves=6,
)
OVERLAYS = st.dictionaries(st.sampled_from(SECTIONS), VALUES, max_size=4)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(NAMES), OVERLAYS)
def test_any_overlay_gives_a_profile_or_a_refusal(base: str, overlay: dict[str, Any]) -> None:
    try:
        assert isinstance(overlaid(base, overlay), Profile)
    except ProfileError as refused:
        lines = str(refused).splitlines()
        assert lines
        assert all(": " in line for line in lines)
