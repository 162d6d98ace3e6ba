"""Whatever a user's YAML holds, the answer is a profile or a refusal of whole lines; never another exception."""

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chess_stacks.profile import load
from chess_stacks.profile.load import Profile, ProfileError

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
@given(st.sampled_from(load.NAMES), OVERLAYS)
def test_any_overlay_gives_a_profile_or_a_refusal(base: str, overlay: dict[str, Any]) -> None:
    try:
        assert isinstance(load.overlaid(base, overlay), Profile)
    except ProfileError as refused:
        lines = str(refused).splitlines()
        assert lines
        assert all(": " in line for line in lines)
