"""The command line, and the order of a round."""

import pytest

from chess_bench.server.plan import Plan, order, read


def test_two_versions_take_turns_to_be_first() -> None:
    assert [order(["a", "b"], number) for number in range(4)] == [["a", "b"], ["b", "a"]] * 2


def test_of_many_servers_each_comes_at_other_places() -> None:
    firsts = {order(["a", "b", "c", "d"], number)[0] for number in range(5)}
    assert len(firsts) > 2
    assert all(sorted(order(["a", "b", "c", "d"], number)) == ["a", "b", "c", "d"] for number in range(9))


@pytest.mark.parametrize(
    "arguments, mode, out",
    [
        ([], "cost", "out/server.json"),
        (["--growth"], "growth", "out/server-growth.json"),
        (["--reconnects", "--players", "100"], "reconnects", "out/server-reconnects.json"),
        (["--chaos"], "chaos", "out/server-chaos.json"),
        (["--chaos", "--out", "out/x.json"], "chaos", "out/x.json"),
    ],
)
def test_a_mode_has_its_own_file(arguments: list[str], mode: str, out: str) -> None:
    found, plan = read(arguments)
    assert (found, str(plan.out)) == (mode, out)


def test_sizes_are_taken_and_the_rest_stays() -> None:
    _, plan = read(["--rounds", "2", "--seconds", "0.5", "--no-peers"])
    assert (plan.rounds, plan.seconds, plan.peers) == (2, 0.5, False)
    assert plan.rate == Plan().rate


@pytest.mark.parametrize(
    "arguments",
    [["--rounds", "0"], ["--seconds", "-1"], ["--seconds", "x"], ["--games", "1e9"], ["--growth", "--chaos"]],
    ids=" ".join,
)
def test_what_is_wrong_is_refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        read(arguments)
    assert ended.value.code == 2
    assert arguments[0] in capsys.readouterr().err


def test_games_are_long_enough_for_the_whole_run() -> None:
    plan = Plan()
    played = plan.late_ply + plan.rate * (plan.warm_seconds + plan.seconds) / plan.late_games
    assert plan.plies > played
