"""A room that its players have left, or that a timer checks, changes a game while another room of it has sockets."""

import asyncio
from types import SimpleNamespace
from typing import Any, cast

import pytest
from stored_games import a_game, new_id

from chess_server.game.commands import MakeMove
from chess_server.game.decide import decide
from chess_server.game.outcomes import Moment, Step
from chess_server.play.room import Room, Timeouts
from chess_server.play.rooms import Rooms
from chess_server.play.subscribers import Subscriber
from chess_server.store.health import Health, RedisTime
from chess_server.store.redis.bus import Bus
from chess_server.store.redis.calls import Calls
from chess_server.store.redis.endpoint import RedisEndpoint
from chess_server.store.redis.games import Games
from chess_server.store.redis.keys import Keys
from chess_server.store.redis.nodes import Nodes

pytestmark = pytest.mark.integration

KEYS = Keys("rooms")


class Committer:
    async def commit(self, _entry: Any) -> None:
        return None


async def _left(rooms: Rooms, game_id: str) -> Room:
    """A room whose last client has left while a command of his was under way."""
    room = await rooms.enter(game_id)
    await rooms.quit(game_id)
    return room


async def _of_a_timer(rooms: Rooms, game_id: str) -> Room:
    return rooms._room(game_id)


@pytest.mark.parametrize("other_room", [_left, _of_a_timer])
async def test_a_player_who_has_just_come_back_hears_what_another_room_has_done(
    redis_server: Any, other_room: Any
) -> None:
    endpoint = RedisEndpoint(redis_server.url, None)
    client = endpoint.client()
    calls, clock = Calls(endpoint.topology(client), endpoint.open), RedisTime()
    health, bus = Health(Nodes(calls), clock), Bus(calls.topology.of, endpoint.open)
    games = Games(calls, KEYS, health)
    stores = cast("Any", SimpleNamespace(games=games, health=health, clock=clock, committer=Committer()))
    rooms = Rooms(stores, bus, KEYS, Timeouts(no_start_ms=60_000, abandon_ms=60_000))
    before, heard = a_game(new_id()), asyncio.Queue[bytes]()
    step = decide(before, "white", MakeMove(uci="e2e4", a=1), Moment(received_ms=0))
    assert isinstance(step, Step)
    try:
        async with asyncio.timeout(60):
            await health.probe()
            assert await games.create(before)
            other = await other_room(rooms, before.id)
            room = await rooms.enter(before.id)
            sender = cast("Any", SimpleNamespace(send=heard.put_nowait))
            room.subscribers.all.add(
                Subscriber(sender=sender, color="white", player=True, member="pod|1", epoch=before.epoch)
            )
            assert await other.ledger.carry_out(before, step, 1)
            frame = await heard.get()
        assert frame.startswith(b'{"t":"move","v":1,')
        assert room.ledger.held is not None
        assert room.ledger.held.game == step.game
    finally:
        await bus.stop()
        await calls.close()
        await client.aclose()
