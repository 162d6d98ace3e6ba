"""How each command is decided."""

import random

import chess
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from minute_game import fresh
from msgspec.structs import replace

from chess_server.game.color import Color
from chess_server.game.commands import (
    Abort,
    Command,
    DrawClaim,
    DrawForce,
    DrawNo,
    DrawYes,
    MakeMove,
    Resign,
    ResignForce,
    Tick,
)  # fmt: skip
from chess_server.game.decide import decide
from chess_server.game.events import DrawDeclined, DrawOffered, Ended, Moved
from chess_server.game.outcomes import Duplicate, Moment, Outcome, Rejected, Step, due_in_ms
from chess_server.game.record import replayed, row_of
from chess_server.game.rules import START
from chess_server.game.state import REMEMBERED, Accepted, Game, decode, encode

NOW = Moment(received_ms=1000)


def played(*ucis: str, game: Game | None = None) -> Game:
    game = game or fresh()
    for number, uci in enumerate(ucis):
        outcome = decide(game, game.turn, MakeMove(uci=uci, a=number), NOW)
        assert isinstance(outcome, Step), outcome
        game = outcome.game
    return game


def accepted(outcome: Outcome) -> Step:
    assert isinstance(outcome, Step), outcome
    return outcome


def test_a_move() -> None:
    step = accepted(decide(fresh(), "white", MakeMove(uci="e2e4", a=1), NOW))
    [event] = step.events
    assert isinstance(event, Moved)
    assert (event.ply, event.uci, event.san) == (1, "e2e4", "e4")
    assert event.fen == step.game.fen == "rnbqkbnr/pppppppp/8/8/4P3/8/PPPP1PPP/RNBQKBNR b KQkq - 0 1"
    assert (step.game.v, step.game.ply, step.game.turn) == (1, 1, "black")
    assert step.game.clock == fresh().clock, "no clock runs before both have moved"


def test_clocks_run_once_both_have_moved() -> None:
    game = played("e2e4", "e7e5")
    step = accepted(decide(game, "white", MakeMove(uci="g1f3", a=9), Moment(received_ms=5000)))
    assert step.game.clock.white.left_ms == 60_000 - 5000 + 1000


@pytest.mark.parametrize(
    "ucis, status, winner, result",
    [
        pytest.param(("f2f3", "e7e5", "g2g4", "d8h4"), "mate", "black", "0-1", id="mate"),
        pytest.param(
            ("e2e4", "e7e5", "d1h5", "b8c6", "f1c4", "g8f6", "h5f7"), "mate", "white", "1-0", id="scholar"
        ),
        pytest.param(4 * ("g1f3", "g8f6", "f3g1", "f6g8"), "draw", None, "1/2-1/2", id="fivefold"),
    ],
)
def test_the_board_ends_the_game(ucis: tuple[str, ...], status: str, winner: str | None, result: str) -> None:
    game = played(*ucis)
    assert (game.status, game.winner, game.result) == (status, winner, result)


@pytest.mark.parametrize(
    "fen, uci, status",
    [
        pytest.param("7k/8/5Q2/8/8/8/8/K7 w - - 0 1", "f6f7", "stalemate", id="stalemate"),
        pytest.param("7k/8/8/8/8/8/1p6/K7 w - - 0 1", "a1b2", "draw", id="bare kings"),
        pytest.param("7k/8/8/8/8/8/8/KR6 w - - 149 100", "b1b2", "draw", id="seventy-five moves"),
    ],
)
def test_endings_from_positions(fen: str, uci: str, status: str) -> None:
    game = accepted(decide(fresh(fen=fen), "white", MakeMove(uci=uci, a=1), NOW)).game
    assert (game.status, game.winner) == (status, None)


@pytest.mark.parametrize(
    "game, color, command, moment, code",
    [
        pytest.param(fresh(), "black", MakeMove(uci="e7e5", a=1), NOW, "not_your_turn", id="not your turn"),
        pytest.param(fresh(), "white", MakeMove(uci="e2e5", a=1), NOW, "illegal_move", id="illegal"),
        pytest.param(fresh(), "white", MakeMove(uci="hello", a=1), NOW, "bad_move", id="not uci"),
        pytest.param(fresh(), "white", MakeMove(uci="0000", a=1), NOW, "illegal_move", id="null move"),
        pytest.param(fresh(), "white", MakeMove(uci="P@e4", a=1), NOW, "illegal_move", id="drop"),
        pytest.param(played("e2e4", "e7e5"), "white", Abort(), NOW, "too_late", id="abort"),
        pytest.param(fresh(), "white", DrawNo(), NOW, "no_draw", id="nothing to decline"),
        pytest.param(fresh(), "white", DrawClaim(), NOW, "no_draw", id="nothing to claim"),
        pytest.param(fresh(), "white", ResignForce(), NOW, "not_gone", id="opponent is there"),
        pytest.param(fresh(), "white", Tick(), NOW, "too_early", id="too early"),
        pytest.param(
            fresh(status="aborted"), "white", MakeMove(uci="e2e4", a=1), NOW, "game_over", id="over"
        ),
    ],
)
def test_refusals(game: Game, color: Color, command: Command, moment: Moment, code: str) -> None:
    outcome = decide(game, color, command, moment)
    assert isinstance(outcome, Rejected)
    assert outcome.code == code


def test_a_command_is_accepted_once() -> None:
    game = accepted(decide(fresh(), "white", MakeMove(uci="e2e4", a=7), NOW)).game
    assert decide(game, "white", MakeMove(uci="e2e4", a=7), NOW) == Duplicate()
    assert isinstance(decide(game, "black", MakeMove(uci="e7e5", a=7), NOW), Step), (
        "each player has numbers of its own"
    )


def test_a_resignation_sent_again_is_a_duplicate_even_after_its_number_was_dropped() -> None:
    game = accepted(decide(played("e2e4", "e7e5"), "white", Resign(a=3), NOW)).game
    assert (game.status, game.winner) == ("resign", "black")
    assert decide(replace(game, accepted=()), "white", Resign(a=3), NOW) == Duplicate()
    assert isinstance(decide(game, "black", Resign(a=4), NOW), Rejected)


def test_draw_offers() -> None:
    offered = accepted(decide(played("e2e4", "e7e5"), "white", DrawYes(), NOW))
    assert offered.events == (DrawOffered(color="white"),)
    assert decide(offered.game, "white", DrawYes(), NOW) == Duplicate()
    declined = accepted(decide(offered.game, "black", DrawNo(), NOW))
    assert (declined.events, declined.game.draw_offer) == ((DrawDeclined(color="black"),), None)
    agreed = accepted(decide(offered.game, "black", DrawYes(), NOW))
    assert agreed.events == (Ended(status="draw", pgn_result="1/2-1/2"),)


def test_an_offer_outlives_the_offerers_move_and_lapses_with_the_opponents() -> None:
    game = accepted(decide(fresh(), "white", DrawYes(), NOW)).game
    game = played("e2e4", game=game)
    assert game.draw_offer == "white"
    assert played("e7e5", game=game).draw_offer is None


def test_threefold_and_fifty_moves_may_be_claimed_by_the_player_to_move() -> None:
    game = played(*2 * ("g1f3", "g8f6", "f3g1", "f6g8"))
    assert isinstance(decide(game, "black", DrawClaim(), NOW), Rejected)
    assert accepted(decide(game, "white", DrawClaim(), NOW)).game.status == "draw"
    fifty = fresh(fen="7k/8/8/8/8/8/8/KR6 w - - 100 80")
    assert accepted(decide(fifty, "white", DrawClaim(), NOW)).game.status == "draw"


@pytest.mark.parametrize(
    "fen, winner",
    [
        pytest.param(START, "black", id="the opponent can mate"),
        pytest.param("7k/8/8/8/8/8/8/QK6 w - - 0 1", None, id="a bare king cannot"),
    ],
)
def test_flag_fall(fen: str, winner: Color | None) -> None:
    game = replace(played("e2e4", "e7e5"), fen=fen)
    due = due_in_ms(game, 60_000)
    assert isinstance(decide(game, "white", Tick(), Moment(received_ms=due - 1)), Rejected)
    ended = accepted(decide(game, "white", Tick(), Moment(received_ms=due))).game
    assert (ended.status, ended.winner, ended.clock.white.left_ms) == ("outoftime", winner, 0)


def test_a_move_after_the_flag_has_fallen_loses() -> None:
    game = played("e2e4", "e7e5")
    step = accepted(decide(game, "white", MakeMove(uci="g1f3", a=9), Moment(received_ms=60_000)))
    assert (step.game.status, step.game.winner, step.game.ply) == ("outoftime", "black", 2)
    assert step.rejected is not None, "it is not acknowledged, for it is stored nowhere"
    assert step.rejected.code == "out_of_time"
    again = decide(step.game, "white", MakeMove(uci="g1f3", a=9), Moment(received_ms=60_000))
    assert isinstance(again, Rejected)


@pytest.mark.parametrize(
    "command",
    [
        pytest.param(DrawYes(a=9), id="to agree a draw"),
        pytest.param(DrawClaim(a=9), id="to claim a draw"),
        pytest.param(DrawForce(a=9), id="to claim an absence"),
        pytest.param(Resign(a=9), id="to resign"),
        pytest.param(MakeMove(uci="e1e8", a=9), id="an illegal move"),
    ],
)
def test_after_the_flag_any_command_comes_too_late(command: Command) -> None:
    game = replace(played(*2 * ("g1f3", "g8f6", "f3g1", "f6g8")), draw_offer="black")
    late = Moment(received_ms=game.clock.white.left_ms + 100, lag_ms=99, opponent_gone=True)
    step = accepted(decide(game, "white", command, late))
    assert (step.game.status, step.game.winner) == ("outoftime", "black")
    assert step.rejected is not None
    assert not step.game.accepted or step.game.accepted[-1].a != 9
    in_time = Moment(received_ms=game.clock.white.left_ms + 98, lag_ms=99, opponent_gone=True)
    still = decide(game, "white", command, in_time)
    assert isinstance(still, Rejected) or still.game.status != "outoftime"


def test_the_opponent_may_accept_a_draw_after_the_flag_of_the_player_to_move() -> None:
    game = replace(played(*BEGUN), draw_offer="white")
    assert accepted(decide(game, "black", DrawYes(), Moment(received_ms=60_500))).game.status == "draw"


def test_a_game_without_first_moves_has_no_winner() -> None:
    late = Moment(received_ms=60_000)
    assert accepted(decide(played("e2e4"), "black", Tick(), late)).game.status == "noStart"
    assert played("e2e4").result == "*"


BEGUN = ("e2e4", "e7e5")
BARE_BLACK_KING = "7k/8/8/8/8/8/8/QK6 w - - 0 1"
BARE_WHITE_KING = "7k/7q/8/8/8/8/8/K7 w - - 0 1"


@pytest.mark.parametrize(
    "color, command, before, fen, status, winner",
    [
        pytest.param("black", ResignForce(), BEGUN, None, "timeout", "black", id="win"),
        pytest.param("black", DrawForce(), BEGUN, None, "draw", None, id="draw"),
        pytest.param("white", ResignForce(), ("e2e4",), None, "aborted", None, id="not begun"),
        pytest.param(
            "white", DrawForce(), ("e2e4",), None, "aborted", None, id="no draw of a game not begun"
        ),
        pytest.param("black", ResignForce(), BEGUN, BARE_BLACK_KING, "timeout", None, id="bare king"),
        pytest.param(
            "black", ResignForce(), BEGUN, BARE_WHITE_KING, "timeout", "black", id="over a bare king"
        ),
    ],
)
def test_claims_over_a_player_who_has_gone(
    color: Color, command: Command, before: tuple[str, ...], fen: str | None, status: str, winner: str | None
) -> None:
    game = played(*before) if fen is None else replace(played(*before), fen=fen)
    ended = accepted(decide(game, color, command, Moment(received_ms=0, opponent_gone=True))).game
    assert (ended.status, ended.winner) == (status, winner)


@pytest.mark.parametrize("command", [ResignForce(), DrawForce()])
def test_nobody_claims_in_his_own_turn(command: Command) -> None:
    outcome = decide(played(*BEGUN), "white", command, Moment(received_ms=0, opponent_gone=True))
    assert isinstance(outcome, Rejected)
    assert outcome.code == "your_turn"


@pytest.mark.parametrize(
    "color, fen, winner",
    [
        pytest.param("white", None, "black", id="the opponent can mate"),
        pytest.param("white", BARE_BLACK_KING, None, id="against a bare king"),
        pytest.param("black", BARE_WHITE_KING, None, id="against a bare king, in the opponent's turn"),
        pytest.param("black", BARE_BLACK_KING, "white", id="with a bare king"),
    ],
)
def test_resignations(color: Color, fen: str | None, winner: Color | None) -> None:
    game = played(*BEGUN) if fen is None else replace(played(*BEGUN), fen=fen)
    ended = accepted(decide(game, color, Resign(a=50), NOW)).game
    assert (ended.status, ended.winner) == ("resign", winner)
    assert ended.result == {"white": "1-0", "black": "0-1", None: "1/2-1/2"}[winner]
    assert decide(replace(ended, accepted=()), color, Resign(a=50), NOW) == Duplicate()
    other: Color = "black" if color == "white" else "white"
    assert isinstance(decide(ended, other, Resign(a=51), NOW), Rejected)


@pytest.mark.parametrize("before", [(), ("e2e4",)], ids=["no move", "one move"])
@pytest.mark.parametrize(
    "commands",
    [
        pytest.param([("white", Resign())], id="white resigns"),
        pytest.param([("black", Resign())], id="black resigns"),
        pytest.param([("white", DrawYes()), ("black", DrawYes())], id="draw agreed"),
    ],
)
def test_a_game_that_has_not_begun_is_aborted(
    before: tuple[str, ...], commands: list[tuple[Color, Command]]
) -> None:
    game = played(*before)
    for color, command in commands:
        game = accepted(decide(game, color, command, NOW)).game
    assert (game.status, game.winner, game.result) == ("aborted", None, "*")


def test_a_player_offers_a_draw_once_in_twenty_plies() -> None:
    game, offers = played(*BEGUN), []
    shuffle = ("g1f3", "g8f6", "h1g1", "h8g8", "g1h1", "g8h8", "f3g1", "f6g8")
    for ply in range(2, 50):
        outcome = decide(game, "white", DrawYes(a=1000 + ply), NOW)
        if isinstance(outcome, Step):
            offers.append(ply)
            game = accepted(decide(outcome.game, "black", DrawNo(), NOW)).game
        else:
            assert outcome.code == "too_soon"
        assert isinstance(decide(game, "black", DrawYes(), NOW), Step), (
            "the opponent's own limit is not touched"
        )
        step = decide(
            replace(game, positions=()), game.turn, MakeMove(uci=shuffle[(ply - 2) % 8], a=ply), NOW
        )
        game = accepted(step).game
    assert offers == [2, 23, 44]


def test_an_offer_taken_back_may_not_be_repeated_at_once() -> None:
    game = accepted(decide(played(*BEGUN), "white", DrawYes(), NOW)).game
    game = accepted(decide(game, "white", DrawNo(), NOW)).game
    assert isinstance(decide(game, "white", DrawYes(), NOW), Rejected)


def test_numbered_spam_does_not_push_out_the_opponents_numbers() -> None:
    game = played("e2e4")
    for number in range(100):
        outcome = decide(replace(game, black_offer_ply=None), "black", DrawYes(a=number), NOW)
        game = accepted(decide(accepted(outcome).game, "black", DrawNo(a=200 + number), NOW)).game
    assert decide(game, "white", MakeMove(uci="e2e4", a=0), NOW) == Duplicate()
    assert decide(game, "black", DrawNo(a=299), NOW) == Duplicate()
    assert len(game.accepted) == 1 + REMEMBERED


@pytest.mark.parametrize(
    "known, command, outcome",
    [
        pytest.param("e2e4", MakeMove(uci="e2e4", a=7), Duplicate(), id="the same"),
        pytest.param("", MakeMove(uci="e2e4", a=7), Duplicate(), id="stored by an old server"),
        pytest.param("e2e3", MakeMove(uci="e2e4", a=7), "number_used", id="another move"),
        pytest.param("draw-yes", MakeMove(uci="e2e4", a=7), "number_used", id="another command"),
    ],
)
def test_another_command_of_a_used_number_is_never_acknowledged(
    known: str, command: Command, outcome: object
) -> None:
    game = replace(fresh(), accepted=(Accepted("white", 7, known),))
    decided = decide(game, "white", command, NOW)
    assert (decided.code if isinstance(decided, Rejected) else decided) == outcome


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000))
def test_any_game_agrees_with_python_chess_and_survives_the_store_and_the_database(seed: int) -> None:
    chance, board, game, rows = random.Random(seed), chess.Board(), fresh(), []  # noqa: S311 - any game will do
    for number in range(80):
        move = chance.choice(list(board.legal_moves))
        board.push(move)
        step = accepted(decide(game, game.turn, MakeMove(uci=move.uci(), a=number), NOW))
        moved = step.events[0]
        assert isinstance(moved, Moved)
        rows.append(row_of(moved, number, step.game))
        game = step.game
        assert game.fen == board.fen()
        assert game.over == (board.outcome() is not None)
        assert decode(encode(game)) == game
        if game.over:
            break
    again = replayed(fresh(), rows)
    assert (again.fen, again.moves, again.sans, again.positions) == (
        game.fen,
        game.moves,
        game.sans,
        game.positions,
    )
    assert again.clock.white.left_ms == game.clock.white.left_ms
    castled = {row.a for row in rows if row.san.startswith("O-O")}
    assert again.accepted == tuple(
        replace(one, what="") if one.a in castled else one for one in game.accepted
    ), "the rows do not say in which of its two notations castling was sent"
