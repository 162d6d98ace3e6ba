"""What a demo writes: its figures and its table, with the number of samples beside each percentile."""

from demo_run import outcome, scale_in

from chess_bench.bots.games import LeftOut
from chess_bench.verification.comparison import Wrong


def test_as_promised() -> None:
    good = outcome()
    assert good.failures() == []
    figures = good.figures()
    assert figures["ok"] is True
    assert (figures["scale_outs"], figures["scale_ins"]) == (3, 3)
    assert (figures["reactions"], figures["reactions_missing"]) == (3, 0)
    assert (figures["reaction_p50_seconds"], figures["reaction_p95_seconds"]) == (0.4, 0.5)
    assert (figures["acks"], figures["ack_p99_seconds"]) == (16_000, 0.02)
    assert figures["acks_by_phase"]["players come"]["count"] == 16_000
    assert figures["scale_out"][0]["at"] == 2.0
    assert figures["steps"][0]["due_at"] == 0.0


def test_each_percentile_in_the_table_has_its_number_of_samples() -> None:
    rows = dict(outcome().rows())
    assert rows["acknowledged moves"] == "16000: 10 ms p50, 20 ms p99"
    assert rows["  while players come"] == "16000: 10 ms p50, 20 ms p99"
    assert rows["reaction"] == "3 replicas: 400 ms p50, 500 ms p95, 500 ms at most; 0 never came"


def test_what_a_pod_held_is_unknown_rather_than_0() -> None:
    seen = outcome()
    seen.timeline.scale_ins = {"a": scale_in("a", None, None)}
    assert dict(seen.rows())["scale-ins"] == "1: - connections, - games → -"
    assert seen.figures()["scale_in"][0]["connections_when_deleted"] is None


def test_games_that_could_not_be_compared_are_not_verified() -> None:
    assert outcome(unverified="PostgreSQL: refused").figures()["verified_games"] == 0


def test_a_game_that_only_the_database_has_is_wrong_and_takes_nothing_from_the_verified() -> None:
    figures = outcome(wrong=[Wrong(game_id="another", reason="no player saw it end")]).figures()
    assert (figures["verified_games"], figures["wrong_positions"]) == (200, 1)


def test_games_that_nobody_played_are_named() -> None:
    figures = outcome(left_out=[LeftOut(number=3, reason="no moves")]).figures()
    assert figures["left_out"] == ["game 3 is left out: no moves"]
