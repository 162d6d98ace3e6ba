"""A game made again from its rows, and what makes that impossible."""

import pytest

from chess_server.game.record import Finish, MoveRow
from chess_server.store.errors import CorruptError
from chess_server.store.postgres.fence import Entry, Standing, new_rows
from chess_server.store.postgres.stored import StoredGame, ends_of, moves_of, restored


def stored(status: str = "started", winner: str | None = None) -> StoredGame:
    return StoredGame("game0001", 4, "w", "b", "", "", 60, 0, status, winner, 0)  # type: ignore[arg-type]


def moves(*ucis: str) -> list[MoveRow]:
    return [MoveRow(ply, uci, uci, ply, 60_000 - ply, 60_000) for ply, uci in enumerate(ucis, 1)]


def test_a_game_comes_back_under_its_stored_epoch() -> None:
    game = restored(stored(), moves("e2e4", "e7e5"))
    assert (game.epoch, game.v, game.ply, game.moves) == (4, 2, 2, "e2e4 e7e5")
    assert game.clock.white.left_ms == 59_998


def test_its_end_is_one_more_event() -> None:
    game = restored(stored("resign", "black"), moves("e2e4"))
    assert (game.v, game.ply, game.over, game.winner) == (2, 1, True, "black")


@pytest.mark.parametrize(
    "rows",
    [
        pytest.param([*moves("e2e4", "e7e5", "g1f3")[:1], moves("e2e4", "e7e5", "g1f3")[2]], id="a hole"),
        pytest.param(moves("e2e4", "e7e5")[1:], id="the first move missing"),
        pytest.param(moves("e2e4", "e2e4"), id="an illegal move"),
        pytest.param(moves("e2e4", "what"), id="no move at all"),
    ],
)
def test_what_cannot_be_a_game_is_corrupt(rows: list[MoveRow]) -> None:
    with pytest.raises(CorruptError, match="game0001"):
        restored(stored(), rows)


def test_only_new_moves_are_written_and_every_end() -> None:
    finish = Finish(status="draw", winner=None, result="1/2-1/2")
    entries = [
        Entry(game_id=game_id, epoch=2, ply=2, rows=tuple(moves("e2e4", "e7e5")), finish=finish)
        for game_id in ("aaa", "zzz")
    ]
    standings = {
        game_id: Standing(epoch=2, ply=ply, status="started", winner=None)
        for game_id, ply in (("aaa", 0), ("zzz", 1))
    }
    written = [
        (each["game_id"], each["ply"])
        for each in moves_of((each, new_rows(each, standings[each.game_id])) for each in entries)
    ]
    assert written == [("aaa", 1), ("aaa", 2), ("zzz", 2)]
    assert [each["game_id"] for each in ends_of(entries)] == ["aaa", "zzz"]
