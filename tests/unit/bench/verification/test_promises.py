"""When players or games break a run's word: each broken promise is its own line, and none is missed."""

from dataclasses import replace

import pytest
from demo_run import PLAYERS, REPORT

from chess_bench.bots.ledger import Drop, Fault
from chess_bench.verification.comparison import Wrong
from chess_bench.verification.promises import PlayerPromises


def broken(**changes: object) -> list[str]:
    report = replace(REPORT, **changes)  # type: ignore[arg-type]
    return PlayerPromises(players=PLAYERS, report=report, wrong=[], unverified=None).broken()


def test_a_run_that_keeps_its_word_has_nothing_to_say() -> None:
    assert broken() == []


@pytest.mark.parametrize(
    "changes, line",
    [
        pytest.param(
            {"drops": (Drop(at=1.0, player="bot", where="play g", code=1012),)},
            "1 connections dropped; first: bot, play g, 1012",
            id="dropped",
        ),
        pytest.param(
            {
                "lost_players": ("bot",),
                "faults": (Fault(at=1.0, player="bot", kind="gap", detail="v 3 after 1"),),
            },
            "1 players lost; first: bot: gap: v 3 after 1",
            id="lost",
        ),
        pytest.param(
            {"lost_players": ("bot",), "stranded": ("bot: lobby",)},
            "1 players lost; first: bot: bot: lobby",
            id="stranded",
        ),
        pytest.param(
            {"counts": replace(REPORT.counts, players=200)}, "200 players came; all 400 must", id="half"
        ),
        pytest.param(
            {"never_admitted": ("bot",)}, "1 players were never let in; first: bot", id="never-let-in"
        ),
        pytest.param({"never_played": ("bot",)}, "1 players never played; first: bot", id="never-played"),
        pytest.param(
            {"counts": replace(REPORT.counts, refused=30_000)},
            "30000 handshakes were refused; at most 400 may, one a player",
            id="refusals",
        ),
        pytest.param(
            {"nack_codes": {"overloaded": 801, "game_over": 9000}},
            "801 moves were refused and sent again; at most 5% of 16000 may",
            id="refused-moves",
        ),
        pytest.param(
            {"finished": REPORT.finished[:1]},
            "1 games were finished; at least 200 must, one for every two players",
            id="one-game",
        ),
    ],
)
def test_what_happened_to_players_is_one_line(changes: dict[str, object], line: str) -> None:
    assert broken(**changes) == [line]


def test_wrong_games_and_games_that_could_not_be_compared_are_one_line_each() -> None:
    wrong = [Wrong(game_id="g", reason="not in PostgreSQL")]
    promises = PlayerPromises(players=PLAYERS, report=REPORT, wrong=wrong, unverified="PostgreSQL: refused")
    assert promises.broken() == [
        "1 wrong games; first: g: not in PostgreSQL",
        "the games could not be verified: PostgreSQL: refused",
    ]
