"""Every alert fires when it should and only then, as Prometheus' own program evaluates it."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from program import Program

from chess_localcluster.build import gitops_tools

pytestmark = [pytest.mark.gitops]
ROOT = Path(__file__).resolve().parents[2]
RULES = ROOT / "charts/chess-operator/files/alerts.yaml"
MINUTES = 30
SERVER = 'namespace="chess",pod="a"'
ACK = "chess_server_move_ack_seconds_bucket"
REACTION = "chess_operator_reaction_seconds_bucket"

Series = dict[str, str]
"""Series by minute, in promtool's notation: `0+6x30` begins at 0 and grows by 6 a minute, 30 times."""

CASES: dict[str, dict[str, tuple[str, str]]] = {
    "ChessOperatorWithoutLeader": {
        'chess_operator_leader{pod="a"}': ("0x30", "1x30"),
        'chess_operator_leader{pod="b"}': ("0x30", "0x30"),
    },
    "ChessOperatorFails": {'chess_operator_errors_total{step="apply"}': ("0+12x30", "0+3x30")},
    "ChessOperatorReactsLate": {
        f'{REACTION}{{le="1"}}': ("0+90x30", "0+99x30"),
        f'{REACTION}{{le="2"}}': ("0+100x30", "0+100x30"),
        f'{REACTION}{{le="+Inf"}}': ("0+100x30", "0+100x30"),
    },
    "ChessClusterLacksPods": {
        'chess_cluster_ready_replicas{namespace="chess",cluster="chess"}': ("2x30", "3x30"),
        'chess_cluster_desired_replicas{namespace="chess",cluster="chess"}': ("3x30", "3x30"),
    },
    # 10,000 players, of whom 1.5 % or 0.75 % go within five minutes
    "ChessServerLosesPlayers": {
        f"chess_server_abnormal_closes_total{{{SERVER}}}": ("0+30x30", "0+15x30"),
        f'chess_server_connections{{{SERVER},place="game"}}': ("10000x30", "10000x30"),
    },
    "ChessServerMovesSlow": {
        f'{ACK}{{{SERVER},le="0.5"}}': ("0+90x30", "0+100x30"),
        f'{ACK}{{{SERVER},le="1.0"}}': ("0+100x30", "0+100x30"),
        f'{ACK}{{{SERVER},le="+Inf"}}': ("0+100x30", "0+100x30"),
    },
    "ChessServerLosesStore": {
        f'chess_server_store_errors{{{SERVER},store="redis"}}': ("0+90x30", "0+30x30"),
    },
}
"""Each alert's series, as they are when it fires and as they are when it is quiet."""
FEW = {
    f"chess_server_abnormal_closes_total{{{SERVER}}}": "0+1x30",
    f'chess_server_connections{{{SERVER},place="game"}}': "20x30",
}
ABSENT: Series = {"up": "0x30"}


@pytest.fixture(scope="module")
def promtool() -> Program:
    return Program(gitops_tools.ensure(gitops_tools.PROMTOOL) / "promtool")


def _side(alert: str, side: int) -> Series:
    return {series: values[side] for series, values in CASES[alert].items()}


def _alerts() -> list[dict[str, Any]]:
    groups = yaml.safe_load(RULES.read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def test_every_alert_has_its_cases() -> None:
    assert [one["alert"] for one in _alerts()] == list(CASES)


def test_prometheus_takes_the_rules(promtool: Program) -> None:
    promtool("check", "rules", "--lint-fatal", RULES)


@pytest.mark.parametrize(
    "alert, series, fires",
    [
        *(pytest.param(alert, _side(alert, 0), 1, id=f"{alert} fires") for alert in CASES),
        *(pytest.param(alert, _side(alert, 1), 0, id=f"{alert} is quiet") for alert in CASES),
        pytest.param("ChessOperatorWithoutLeader", ABSENT, 1, id="no operator at all"),
        pytest.param("ChessServerLosesPlayers", FEW, 0, id="one of twenty players a minute"),
    ],
)
def test_it_fires_when_it_should(
    promtool: Program, tmp_path: Path, alert: str, series: Series, fires: int
) -> None:
    expected = {"labels": "{}", "value": 1}
    case = {
        "rule_files": [str(RULES)],
        "evaluation_interval": "1m",
        "tests": [
            {
                "interval": "1m",
                "input_series": [{"series": one, "values": values} for one, values in series.items()],
                "promql_expr_test": [
                    {
                        "expr": f'count(ALERTS{{alertname="{alert}",alertstate="firing"}})',
                        "eval_time": f"{MINUTES}m",
                        "exp_samples": [expected] * fires,
                    }
                ],
            }
        ],
    }
    path = tmp_path / "case.yaml"
    path.write_text(yaml.safe_dump(case))
    promtool("test", "rules", path)


def test_every_alert_leads_to_a_section_that_exists() -> None:
    settings = yaml.safe_load((ROOT / "manifests/argocd/repository/repository.yaml").read_text())["data"]
    base = f"{settings['url'].removesuffix('.git')}/blob/{settings['revision']}/"
    for alert in _alerts():
        page, _, anchor = alert["annotations"]["runbook_url"].removeprefix(base).partition("#")
        sections = re.findall(r"^#+ (.+)$", (ROOT / page).read_text(), re.MULTILINE)
        assert anchor in {one.lower().replace(" ", "-") for one in sections}, alert["alert"]
