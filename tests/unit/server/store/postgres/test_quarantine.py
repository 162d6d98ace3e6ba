"""For how long a refused game is set aside, and that the list has an end."""

import pytest

from chess_server.store.errors import CorruptError, RefusedRowError
from chess_server.store.postgres import quarantine as module
from chess_server.store.postgres.quarantine import Quarantine


def test_a_game_is_set_aside_for_a_while_and_for_its_own_reason() -> None:
    found = Quarantine()
    found.add(RefusedRowError("one", "integer out of range"), 100.0)
    found.add(CorruptError("two", "an invalid page"), 100.0)
    with pytest.raises(RefusedRowError, match="game one: integer out of range"):
        found.check("one", 129.0)
    with pytest.raises(CorruptError, match="game two: an invalid page"):
        found.check("two", 129.0)
    found.check("one", 130.0)
    found.check("another", 100.0)


def test_the_oldest_are_forgotten_when_there_are_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST", 2)
    found = Quarantine()
    for number in range(3):
        found.add(RefusedRowError(f"game{number}", "no"), 0.0)
    found.check("game0", 1.0)
    with pytest.raises(RefusedRowError):
        found.check("game2", 1.0)
