"""When a demo has failed, and why: each reason is its own line, and none is missed."""

from dataclasses import replace

import pytest

from chess_bench.bots.ledger import Counts, Drop, Fault, Finished, Report
from chess_bench.demo.outcome import Outcome
from chess_bench.demo.timeline import Replicas, ScaleIn, ScaleOut, Timeline
from chess_bench.settings import Settings
from chess_bench.verification.comparison import Wrong

REPORT = Report(
    counts=Counts(players=400, games=1, moves=80),
    drops=(),
    faults=(),
    finished=(Finished(game_id="g", number=1, result="1-0"),),
    lost_players=(),
    stranded=(),
    nack_codes={},
    resume_seconds=(),
    ack_p50_seconds=0.01,
    ack_p99_seconds=0.02,
)


def scale_in(pod: str, games: int, left: int = 0) -> ScaleIn:
    return ScaleIn(
        pod=pod,
        marked_at=1.0,
        connections_when_marked=games,
        games_when_marked=games,
        deleted_at=2.0,
        connections_when_deleted=left,
        games_when_deleted=left,
    )


def outcome() -> Outcome:
    timeline = Timeline(needed_since=lambda *_: None, replicas=2)
    timeline.scale_outs = [
        ScaleOut(at=10.0 + n, before=n, after=n + 1, reaction_seconds=n / 10) for n in (2, 3, 4)
    ]
    timeline.curve = [Replicas(at=10.0, replicas=7, ready=7)]
    timeline.scale_ins = {"a": scale_in("a", 40), "b": scale_in("b", 20), "c": scale_in("c", 1)}
    return Outcome(
        settings=Settings(),
        report=REPORT,
        timeline=timeline,
        wrong=[],
        unverified=None,
        began_at=10.0,
        stages={"cluster": 1.0},
        first_scale_out_seconds=20.0,
        peak_wanted=7,
    )


def test_as_promised() -> None:
    good = outcome()
    assert good.failures() == []
    figures = good.figures()
    assert figures["ok"] is True
    assert (figures["scale_outs"], figures["scale_ins"]) == (3, 3)
    assert (figures["reaction_p50_seconds"], figures["reaction_p95_seconds"]) == (0.3, 0.4)
    assert figures["scale_out"][0]["at"] == 2.0
    assert len(good.rows()) > 5


@pytest.mark.parametrize(
    "change, message",
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
        pytest.param({"finished": ()}, "no game was finished", id="no-game"),
    ],
)
def test_what_happened_to_players_fails_it(change: dict[str, object], message: str) -> None:
    broken = replace(outcome(), report=replace(REPORT, **change))  # type: ignore[arg-type]
    assert broken.failures() == [message]


def test_a_wrong_game_fails_it() -> None:
    broken = replace(outcome(), wrong=[Wrong(game_id="g", reason="not in PostgreSQL")])
    assert broken.failures() == ["1 wrong games; first: g: not in PostgreSQL"]


def test_games_that_could_not_be_compared_fail_it() -> None:
    broken = replace(outcome(), unverified="PostgreSQL: refused")
    assert broken.failures() == ["the games could not be verified: PostgreSQL: refused"]
    assert broken.figures()["verified_games"] == 0


def test_replicas_that_do_not_follow_fail_it() -> None:
    broken = outcome()
    broken.timeline.scale_outs.pop()
    broken.timeline.replicas = 3
    broken.timeline.curve = [Replicas(at=10.0, replicas=7, ready=6)]
    broken.timeline.scale_ins = {"a": scale_in("a", 40), "b": scale_in("b", 19, left=5)}
    broken.timeline.unmarked_deletions.append("c")
    assert broken.failures() == [
        "2 scale-outs; at least 3 are required",
        "at most 6 replicas were ready; all players together need 7",
        "3 replicas at the end; minReplicas is 2",
        "1 scale-ins chose a pod with 20 games or more; at least 2 must",
        "b was deleted with 5 connections",
        "c was deleted without a drain",
    ]
