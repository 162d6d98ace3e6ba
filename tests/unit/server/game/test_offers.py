"""What players offer each other: moves back and time. Draw offers are in test_decide.py."""

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from minute_game import fresh
from msgspec.structs import replace

from chess_server.game.color import OTHER, Color
from chess_server.game.commands import Command, DrawYes, MakeMove, MoreTime, TakebackNo, TakebackYes
from chess_server.game.decide import decide
from chess_server.game.events import TakebackAsked, TakebackDeclined, TimeGiven
from chess_server.game.offers import MORE_MOST_MS, MORE_SECONDS
from chess_server.game.outcomes import Duplicate, Moment, Outcome, Rejected, Step, TakenBack
from chess_server.game.state import Game, decode, encode

NOW = Moment(received_ms=1000)
SPANISH = ("e2e4", "e7e5", "g1f3", "b8c6", "f1b5")


def played(*ucis: str) -> Game:
    game = fresh()
    for number, uci in enumerate(ucis):
        game = step(decide(game, game.turn, MakeMove(uci=uci, a=number), NOW)).game
    return game


def step(outcome: Outcome) -> Step:
    assert isinstance(outcome, Step), outcome
    return outcome


def taken_back(game: Game, asking: Color) -> Game:
    asked = step(decide(game, asking, TakebackYes(a=50), NOW)).game
    outcome = decide(asked, OTHER[asking], TakebackYes(a=50), NOW)
    assert isinstance(outcome, TakenBack), outcome
    return outcome.game


@pytest.mark.parametrize("color", get_args(Color))
def test_the_move_goes_that_the_asker_made_last_and_the_answer_to_it(color: Color) -> None:
    game = played(*SPANISH)
    back = taken_back(game, color)
    left = len(SPANISH) - (1 if color == "white" else 2)
    assert back.turn == color
    expected = played(*SPANISH[:left])
    assert (back.fen, back.moves, back.sans, back.positions) == (
        expected.fen,
        expected.moves,
        expected.sans,
        expected.positions,
    )
    assert back.clock == game.clock, "no time comes back"
    assert (back.takeback_offer, back.draw_offer) == (None, None)
    assert decode(encode(back)) == back


@given(plies=st.integers(1, len(SPANISH)), color=st.sampled_from(get_args(Color)))
def test_a_game_that_went_back_goes_on_as_any_other(plies: int, color: Color) -> None:
    game = played(*SPANISH[:plies])
    if isinstance(decide(game, color, TakebackYes(), NOW), Rejected):
        assert (plies, color) == (1, "black"), "only who has not moved has nothing to take back"
        return
    back = taken_back(game, color)
    for number, uci in enumerate(SPANISH[back.ply :], 60):
        back = step(decide(back, back.turn, MakeMove(uci=uci, a=number), NOW)).game
    assert (back.fen, back.moves) == ((whole := played(*SPANISH)).fen, whole.moves)


def test_who_agrees_twice_has_agreed_once() -> None:
    back = taken_back(played(*SPANISH), "white")
    assert decide(back, "black", TakebackYes(a=50), NOW) == Duplicate()


def test_a_request_is_made_once_a_ply_and_may_be_declined_or_withdrawn() -> None:
    asked = step(decide(played(*SPANISH), "white", TakebackYes(), NOW))
    assert asked.events == (TakebackAsked(color="white"),)
    assert decide(asked.game, "white", TakebackYes(), NOW) == Duplicate()
    for color in get_args(Color):
        declined = step(decide(asked.game, color, TakebackNo(), NOW))
        assert (declined.events, declined.game.takeback_offer) == ((TakebackDeclined(color=color),), None)
        assert code(decide(declined.game, "white", TakebackYes(), NOW)) == "too_soon"
        assert isinstance(decide(declined.game, "black", TakebackYes(), NOW), Step), "the other may ask still"


def test_it_lapses_with_the_next_move_of_either() -> None:
    game = played(*SPANISH)
    for color in get_args(Color):
        asked = step(decide(game, color, TakebackYes(), NOW)).game
        moved = step(decide(asked, "black", MakeMove(uci="a7a6", a=90), NOW)).game
        assert moved.takeback_offer is None
        assert isinstance(decide(moved, color, TakebackYes(), NOW), Step), "and may be made anew"


def test_a_draw_offer_goes_with_the_move() -> None:
    offered = step(decide(played(*SPANISH), "white", DrawYes(), NOW)).game
    assert taken_back(offered, "white").draw_offer is None


@pytest.mark.parametrize(
    "game, color, command, expected",
    [
        (played(), "white", TakebackYes(), "no_move"),
        (played("e2e4"), "black", TakebackYes(), "no_move"),
        (played("e2e4"), "black", TakebackNo(), "no_takeback"),
        (replace(played(*SPANISH), status="aborted"), "white", TakebackYes(), "game_over"),
        (replace(played(*SPANISH), status="aborted"), "white", MoreTime(), "game_over"),
    ],
)
def test_refusals(game: Game, color: Color, command: Command, expected: str) -> None:
    assert code(decide(game, color, command, NOW)) == expected


def code(outcome: Outcome) -> str:
    assert isinstance(outcome, Rejected), outcome
    return outcome.code


@pytest.mark.parametrize("color", get_args(Color))
def test_time_is_given_to_the_opponent(color: Color) -> None:
    game = played(*SPANISH)
    given = step(decide(game, color, MoreTime(a=70), NOW))
    receiver = OTHER[color]
    assert given.events == (TimeGiven(color=receiver, seconds=MORE_SECONDS),)
    before, after = game.clock.side(receiver), given.game.clock.side(receiver)
    assert (after.left_ms - before.left_ms, after.given_ms) == (15_000, 15_000)
    assert given.game.clock.side(color) == game.clock.side(color)
    assert decode(encode(given.game)) == given.game


def test_it_is_given_up_to_a_sum_and_moves_do_not_change_that() -> None:
    game, given = played(*SPANISH), 0
    while isinstance(outcome := decide(game, "white", MoreTime(), NOW), Step):
        game, given = outcome.game, given + MORE_SECONDS
    assert code(outcome) == "too_much"
    assert given * 1000 == MORE_MOST_MS
    moved = step(decide(game, "black", MakeMove(uci="a7a6", a=90), NOW)).game
    assert moved.clock.black.given_ms == MORE_MOST_MS
    assert isinstance(decide(moved, "black", MoreTime(), NOW), Step), "each is given time by the other"


def test_a_flag_that_has_fallen_stays_fallen() -> None:
    game = played(*SPANISH)
    late = Moment(received_ms=1000 + 2 * 60_000, since_ms=1000)
    assert code(decide(game, "white", MoreTime(), late)) == "too_late"
    saved = step(decide(game, "white", MoreTime(), replace(late, received_ms=1000 + 59_000))).game
    assert saved.clock.black.left_ms == game.clock.black.left_ms + 15_000
