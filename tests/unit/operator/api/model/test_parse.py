"""What is wrong with a spec is one line: field, value, what is allowed."""

from typing import Any

import pytest
from operator_cases import SMALLEST

from chess_operator.api.model import SpecError, parse

NIGHT = {"name": "night", "start": "0 22 * * *", "durationSeconds": 3600, "minReplicas": 3}


def test_the_smallest_spec_has_the_documented_defaults() -> None:
    spec = parse(SMALLEST)
    scaling = spec.scaling
    assert (scaling.mode, scaling.min_replicas, scaling.max_replicas) == ("Connections", 2, 10)
    assert (scaling.target_connections_per_replica, scaling.max_connections_per_replica) == (2000, 3000)
    assert (spec.drain.deadline_seconds, spec.drain.reconnect_window_seconds) == (1800, 30)
    assert (spec.paused, spec.replicas, spec.network_policy.enabled) == (False, None, True)


def test_null_counts_as_not_given() -> None:
    assert parse({**SMALLEST, "replicas": None}) == parse(SMALLEST)


@pytest.mark.parametrize(
    "part, message",
    [
        (
            {"scaling": {"minReplicas": 5, "maxReplicas": 3}},
            "spec.scaling: maxReplicas 3 is less than minReplicas 5; it must be at least as much",
        ),
        (
            {"scaling": {"targetConnectionsPerReplica": -5}},
            "spec.scaling.targetConnectionsPerReplica: -5 is not valid: input should be greater than or equal to 1",
        ),
        ({"scaling": {"replicaz": 3}}, "spec.scaling.replicaz: is not a field of this version"),
        ({"server": {}}, "spec.server.image: is required"),
        (
            {"scaling": {"mode": "Auto"}},
            "spec.scaling.mode: 'Auto' is not valid: input should be 'Connections' or 'External'",
        ),
        (
            {"scaling": {"bufferSize": "110%"}},
            "spec.scaling: bufferSize 110% is not valid; use a number of connections from 0 to 10000000, or 0% to 99%",
        ),
        (
            {"scaling": {"schedules": [{**NIGHT, "timezone": "Mars/X"}]}},
            "spec.scaling.schedules[0].timezone: 'Mars/X' is not a time zone; use an IANA name such as Europe/Berlin",
        ),
        (
            {"scaling": {"schedules": [{**NIGHT, "start": "0 0 31 2 *"}]}},
            "spec.scaling.schedules[0].start: '0 0 31 2 *' never comes; use five cron fields such as '0 18 * * 5'",
        ),
        (
            {"scaling": {"schedules": [{**NIGHT, "start": "a b c d e"}]}},
            "spec.scaling.schedules[0].start: 'a b c d e' never comes; use five cron fields such as '0 18 * * 5'",
        ),
    ],
)
def test_what_is_wrong_is_one_line(part: dict[str, Any], message: str) -> None:
    with pytest.raises(SpecError) as caught:
        parse({**SMALLEST, **part})
    assert str(caught.value) == message


@pytest.mark.parametrize("zone", ["../etc/passwd", "Europe", "/etc/localtime", "Europe/.."])
def test_a_time_zone_is_no_path(zone: str) -> None:
    with pytest.raises(SpecError, match=r"schedules\[0\].timezone: .* is not (a time zone|valid)"):
        parse({**SMALLEST, "scaling": {"schedules": [{**NIGHT, "timezone": zone}]}})


@pytest.mark.parametrize(
    "field",
    ["hostNetwork", "hostPID", "volumes", "containers", "securityContext", "serviceAccountName", "hostPath"],
)
def test_the_pod_template_is_an_allow_list(field: str) -> None:
    template = {"spec": {field: True}}
    with pytest.raises(SpecError, match=f"spec.server.podTemplate.spec.{field}: is not a field"):
        parse({**SMALLEST, "server": {"image": "x", "podTemplate": template}})


@pytest.mark.parametrize(
    "key", ["chesscluster.dev/colour", "app.kubernetes.io/name", "argocd.argoproj.io/instance"]
)
def test_labels_that_others_steer_by_are_reserved(key: str) -> None:
    template = {"metadata": {"labels": {key: "x"}}}
    with pytest.raises(SpecError, match="are reserved; choose a prefix of your own"):
        parse({**SMALLEST, "server": {"image": "x", "podTemplate": template}})
