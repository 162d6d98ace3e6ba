"""A game of the load: what may be sent when, and what counts."""

from chess_bench.server.seats import Game, Tally

LINE = ("e2e4", "e7e5", "g1f3")


def game() -> Game:
    return Game(game_id="abcdefgh", line=LINE, tally=Tally())


def test_a_move_has_its_number_as_its_a() -> None:
    one = game()
    assert one.mover == "white"
    assert one.move(10.0) == one.again() == '{"t":"move","d":{"u":"e2e4","a":1}}'
    assert one.mover == "black"


def test_the_next_move_waits_for_the_acknowledgement_and_for_the_opponent() -> None:
    one = game()
    one.move(10.0)
    assert not one.may_move
    one.acknowledge(1, 10.5)
    assert not one.may_move
    one.relay("white", 1)  # the mover's own copy
    assert not one.may_move
    one.relay("black", 1)
    assert one.may_move
    assert one.settled


def test_latency_begins_when_the_move_was_due() -> None:
    one = game()
    one.move(10.0)
    one.acknowledge(1, 10.75)
    one.acknowledge(1, 11.0)  # the same again counts once
    assert one.tally.latencies == [(10.0, 0.75)]
    assert one.tally.acked == 1


def test_a_line_that_is_over_asks_for_no_more() -> None:
    one = game()
    for ply in range(1, 4):
        one.move(float(ply))
        one.acknowledge(ply, ply + 0.1)
        one.relay(("white", "black")[ply % 2], ply)
    assert one.settled
    assert not one.may_move
    assert one.tally.relayed == 3


def test_refusals_are_counted_by_code() -> None:
    one = game()
    for code in ("unavailable", "unavailable", "conflict"):
        one.refuse(code)
    assert one.tally.nacks == {"unavailable": 2, "conflict": 1}
