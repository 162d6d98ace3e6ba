"""Who finds a seat, who gives way, and who counts for scaling."""

from dataclasses import dataclass, field
from itertools import count

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from chess_server.clients.seats import SeatLimits, Seats

_numbers = count(1)


@dataclass(eq=False)
class Client:
    kind: str
    address: str = "1.1.1.1"
    seat: str = field(default_factory=lambda: f"player-{next(_numbers)}")
    demands: bool = False
    joined: bool = False
    finished: bool = False
    closes: list[tuple[int, str]] = field(default_factory=list)

    @property
    def in_play(self) -> bool:
        return self.kind == "play" and not self.finished

    def close(self, code: int, reason: str, cause: str) -> None:
        assert reason
        self.closes.append((code, cause))


def make(most: int = 40, per_address: int = 100) -> Seats:
    return Seats(SeatLimits(most=most, per_address=per_address, first_message_seconds=60.0))


def fill(seats: Seats, *kinds: str) -> list[Client]:
    clients = [Client(kind) for kind in kinds]
    for client in clients:
        seats.opened(client, 0.0)
    return clients


ALL = [(False, False), (True, False), (True, True)]
"""Anybody; a player, perhaps; surely a player of a running game."""


@pytest.mark.parametrize(
    "taken, room",
    [
        pytest.param(["watch"] * 39, [True, True, True], id="a seat is free"),
        pytest.param(["watch"] * 40, [False, True, True], id="full: the reserve is for players"),
        pytest.param(["play"] * 41 + ["watch"], [False, False, True], id="the reserve is taken: a spectator gives way"),
        pytest.param(["play"] * 41 + ["lobby"], [False, False, True], id="or a newcomer"),
        pytest.param(["play"] * 42, [False, False, False], id="players alone"),
    ],
)  # fmt: skip
def test_room(taken: list[str], room: list[bool]) -> None:
    for (player, proved), expected in zip(ALL, room, strict=True):
        seats = make()
        fill(seats, *taken)
        assert seats.has_room(player=player, proved=proved) is expected


def test_a_player_who_has_joined_moves_from_the_reserve_to_the_newest_spectators_seat() -> None:
    seats = make()
    *_, lobby, first, newest = fill(seats, *["play"] * 37, "lobby", "watch", "watch")
    [player] = fill(seats, "play")
    seats.joined(player, running=True)
    assert (newest.closes, first.closes, lobby.closes) == ([(1013, "full")], [], [])
    assert not seats.has_room(player=False, proved=False)
    seats.closed(newest)
    assert not seats.has_room(player=False, proved=False), "the seat is the player's, not free"
    assert seats.has_room(player=True, proved=False), "the reserve is free again"


def test_spectators_go_before_newcomers_and_players_stay() -> None:
    seats = make(most=20)
    *players, lobby, watch = fill(seats, *["play"] * 18, "lobby", "watch")
    for _ in range(3):
        [player] = fill(seats, "play")
        seats.joined(player, running=True)
    assert (watch.closes, lobby.closes) == ([(1013, "full")], [(1013, "full")])
    assert [one for one in players if one.closes] == []


def test_a_path_that_looks_like_a_players_closes_nobody() -> None:
    seats = make(most=20)
    watching = fill(seats, *["watch"] * 20)
    [random] = fill(seats, "play")
    seats.closed(random)
    assert [one for one in watching if one.closes] == []


def test_who_comes_back_to_a_finished_game_gives_way_like_a_spectator() -> None:
    seats = make(most=20)
    fill(seats, *["play"] * 20)
    [late] = fill(seats, "play")
    seats.joined(late, running=False)
    assert late.closes == [(1013, "full")]


def test_who_stays_after_the_end_of_his_game_gives_way_after_all_others() -> None:
    seats = make(most=20)
    players = fill(seats, *["play"] * 20)
    for player in players:
        seats.joined(player, running=True)
    [reserve] = fill(seats, "play")
    assert not seats.has_room(player=True, proved=True)
    players[3].finished = True
    assert seats.has_room(player=True, proved=True)
    assert [one for one in players if one.closes] == [players[3]]
    assert reserve.closes == []


def test_an_address_holds_so_many_and_another_is_free() -> None:
    seats = make(per_address=2)
    one, _ = fill(seats, "lobby", "play")
    assert seats.is_crowded("1.1.1.1")
    assert not seats.is_crowded("2.2.2.2")
    seats.closed(one)
    assert not seats.is_crowded("1.1.1.1")


def test_a_player_takes_a_seat_of_his_own_crowded_address() -> None:
    seats = make(per_address=3)
    fill(seats, "play")
    [newcomer] = fill(seats, "lobby")
    [watcher] = fill(seats, "watch")
    other = Client("watch", "2.2.2.2")
    seats.opened(other, 0.0)
    assert seats.make_room_at("1.1.1.1")
    assert (watcher.closes, newcomer.closes, other.closes) == ([(1013, "full")], [], [])
    assert not seats.is_crowded("1.1.1.1"), "who was closed counts no longer"
    seats.closed(watcher)
    fill(seats, "play")
    assert seats.is_crowded("1.1.1.1")
    assert seats.make_room_at("1.1.1.1")
    fill(seats, "play")
    assert not seats.make_room_at("1.1.1.1"), "players alone"


def test_silent_sockets_are_no_demand_and_are_closed_in_the_lobby() -> None:
    seats = make()
    silent, talker, watcher, _ = fill(seats, "lobby", "lobby", "watch", "play")
    assert seats.demand == 1
    for _ in range(2):
        seats.spoke(talker)
    seats.joined(watcher, running=True)
    assert seats.demand == 3
    seats.close_silent(59.0)
    assert silent.closes == []
    seats.close_silent(60.0)
    assert (silent.closes, talker.closes, watcher.closes) == ([(1008, "silent")], [], [])
    for client in (talker, watcher):
        seats.closed(client)
    assert seats.demand == 1


def test_a_client_that_is_refused_again_and_again_is_one() -> None:
    seats = make()
    for client in ("a", "a", "b"):
        seats.refused("1.1.1.1", client, 0.0)
    assert (seats.refused_lately(5.0), seats.refused_lately(10.0)) == (2, 0)


def test_an_address_is_refused_as_often_as_it_might_have_sockets() -> None:
    """Whoever makes up ids counts no more than a school that all come at once."""
    seats = make(per_address=5)
    fill(seats, "lobby", "play")
    for number in range(1000):
        seats.refused("1.1.1.1", f"made-up-{number}", 0.0)
        seats.refused("2.2.2.2", f"pupil-{number % 4}", 0.0)
    assert seats.refused_lately(0.0) == 3 + 4


def tabs(seats: Seats, number: int) -> list[Client]:
    """Sockets of one player in one game."""
    made = [Client("play", seat="the game and the player") for _ in range(number)]
    for tab in made:
        seats.opened(tab, 0.0)
        seats.joined(tab, running=True)
    return made


def test_a_player_keeps_his_newest_three_sockets() -> None:
    seats = make()
    others = fill(seats, "play", "watch", "lobby")
    opened = tabs(seats, 5)
    assert [tab.closes for tab in opened] == [[(4001, "replaced")]] * 2 + [[]] * 3
    assert [one for one in others if one.closes] == []
    seats.closed(opened[0])
    seats.closed(opened[4])
    assert [len(tab.closes) for tab in [*opened[2:4], *tabs(seats, 1)]] == [0, 0, 0]


@pytest.mark.parametrize("proved", [True, False])
def test_on_a_full_server_a_player_with_two_sockets_makes_room_himself(*, proved: bool) -> None:
    seats = make(most=20)
    others = fill(seats, *["watch"] * 9, *["lobby"] * 9)
    first, second = tabs(seats, 2)
    assert seats.has_room(player=True, proved=proved, seat=first.seat)
    [third] = tabs(seats, 1)
    assert [tab.closes for tab in (first, second, third)] == [[(4001, "replaced")], [], []]
    assert [one for one in others if one.closes] == []
    assert not seats.has_room(player=False, proved=False)


def test_his_third_socket_that_joins_where_the_server_is_over_full_costs_his_first() -> None:
    seats = make(most=20)
    others = fill(seats, *["watch"] * 18)
    first, second = tabs(seats, 2)
    [third] = tabs(seats, 1)
    assert [len(tab.closes) for tab in (first, second, third)] == [1, 0, 0]
    assert [one for one in others if one.closes] == []


def test_at_a_crowded_address_a_player_with_two_sockets_makes_room_himself() -> None:
    seats = make(per_address=3)
    [newcomer] = fill(seats, "lobby")
    first, _ = tabs(seats, 2)
    assert seats.make_room_at("1.1.1.1", first.seat)
    assert (first.closes, newcomer.closes) == ([(4001, "replaced")], [])
    tabs(seats, 1)
    elsewhere = Client("play", "2.2.2.2", seat="another")
    seats.opened(elsewhere, 0.0)
    assert seats.make_room_at("1.1.1.1", "another"), (
        "one socket, and at another address: a newcomer gives way"
    )
    assert (elsewhere.closes, newcomer.closes) == ([], [(1013, "full")])


def test_a_player_by_path_and_by_token_has_one_seat_once_his_game_is_known() -> None:
    seats = make()
    by_token = tabs(seats, 2)
    by_path = [Client("play", seat="by a path") for _ in range(2)]
    for tab in by_path:
        seats.opened(tab, 0.0)
    assert not any(tab.closes for tab in (*by_token, *by_path))
    for tab in by_path:
        seats.joined(tab, running=True, seat=by_token[0].seat)
    assert [tab.closes for tab in (*by_token, *by_path)] == [[(4001, "replaced")], [], [], []]


def test_who_was_closed_for_another_and_joins_all_the_same_is_forgotten_when_he_has_gone() -> None:
    seats = make()
    first, *_ = tabs(seats, 4)
    assert first.closes
    seats.joined(first, running=True, seat="by another way")
    seats.closed(first)
    assert first not in seats._yielding["play"]
    assert first.seat != "by another way"


class Coming(RuleBasedStateMachine):
    """Clients come, join and go in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.seats = make(most=20, per_address=15)
        self.here: list[Client] = []
        self.newest: dict[str, Client] = {}

    @rule(
        kind=st.sampled_from(["lobby", "watch", "play"]),
        address=st.sampled_from("ab"),
        player=st.integers(1, 12),
        by=st.sampled_from(["player", "path"]),
        proved=st.booleans(),
    )
    def come(self, kind: str, address: str, player: int, by: str, *, proved: bool) -> None:
        seat = f"{by} {player}" if kind == "play" else ""
        if self.seats.is_crowded(address) and not (seat and self.seats.make_room_at(address, seat)):
            return
        if self.seats.has_room(player=kind == "play", proved=proved and kind == "play", seat=seat):
            client = Client(kind, address, seat)
            self.seats.opened(client, 0.0)
            self.here.append(client)
            self.newest[seat] = client

    @rule(data=st.data())
    def join(self, data: st.DataObject) -> None:
        games = [one for one in self.here if one.kind != "lobby" and not one.joined]
        if games:
            client = data.draw(st.sampled_from(games))
            client.joined = True
            seat = client.seat.replace("path", "player")
            if seat != client.seat and not client.closes:
                self.newest[seat] = client
            self.seats.joined(client, running=True, seat=seat)

    @rule(data=st.data())
    def go(self, data: st.DataObject) -> None:
        if self.here:
            client = data.draw(st.sampled_from(self.here))
            self.here.remove(client)
            self.seats.closed(client)

    @invariant()
    def counts_are_right(self) -> None:
        staying = [one for one in self.here if not one.closes]
        assert len(staying) <= 21
        assert sum(one.kind != "play" for one in staying) <= 20
        for address in "ab":
            assert self.seats.is_crowded(address) == (sum(o.address == address for o in staying) >= 15)
        assert self.seats.demand == sum(one.demands for one in self.here)
        assert self.seats._taken == len(staying)
        for player in {one.seat for one in self.here if one.seat}:
            own = [one for one in self.here if one.seat == player]
            closed = [one for one in own if one.closes]
            assert all(one.closes == [(4001, "replaced")] for one in closed)
            assert len(own) - len(closed) <= 3
            assert self.newest[player] not in closed


TestComing = Coming.TestCase
TestComing.settings = settings(max_examples=30, stateful_step_count=60, deadline=None)
