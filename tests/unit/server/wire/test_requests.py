"""Every command that is declared is decoded, listed and decided."""

import json

import pytest

from chess_server.game.commands import CLIENT_COMMANDS, Command, MakeMove, Tick
from chess_server.game.decide import DECIDERS
from chess_server.wire.requests import ALLOWED, BadMessageError, decode

UNNUMBERED = [command for command in CLIENT_COMMANDS if command is not MakeMove]


@pytest.mark.parametrize("command", CLIENT_COMMANDS, ids=lambda command: command.name)
def test_a_declared_command_is_understood(command: type[Command]) -> None:
    move = {"u": "e2e4"} if command is MakeMove else {}
    decoded = decode(json.dumps({"t": command.name, "d": {"a": 7, **move}}).encode())
    assert type(decoded) is command
    assert decoded == (command(a=7, uci="e2e4") if command is MakeMove else command(a=7))


@pytest.mark.parametrize("data", ["", ',"d":null', ',"d":{}'], ids=["absent", "null", "empty"])
@pytest.mark.parametrize(
    "command",
    UNNUMBERED,
    ids=lambda command: command.name,
)
def test_only_a_move_needs_data(command: type[Command], data: str) -> None:
    assert decode(f'{{"t":"{command.name}"{data}}}'.encode()) == command()
    with pytest.raises(BadMessageError):
        decode(f'{{"t":"move"{data}}}'.encode())


def test_what_is_allowed_names_every_message() -> None:
    assert ALLOWED == (
        "p, poolIn, poolOut, move, resign, abort, draw-yes, draw-no, draw-claim, takeback-yes, takeback-no, moretime, "
        "resign-force, draw-force"
    )


def test_every_command_is_decided() -> None:
    assert set(DECIDERS) == {*CLIENT_COMMANDS, Tick}


def test_the_servers_own_command_is_not_a_clients() -> None:
    with pytest.raises(BadMessageError, match="allowed as t: p, poolIn"):
        decode(b'{"t":"tick"}')
