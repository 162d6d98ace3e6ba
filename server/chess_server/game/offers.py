"""What players offer each other: a draw, a move back, time. Pure.

An offer stands until it is answered. One to take a move back lapses with the next move, for then it would mean another
one. Offers are limited, so that nobody is flooded: draws by plies, takebacks to one a ply, time by its sum.
"""

from msgspec.structs import replace

from chess_server.game.color import OTHER, Color
from chess_server.game.commands import Command
from chess_server.game.events import DrawDeclined, DrawOffered, TakebackAsked, TakebackDeclined, TimeGiven
from chess_server.game.outcomes import (
    Duplicate,
    Moment,
    Outcome,
    Rejected,
    TakenBack,
    due_in_ms,
    ended,
    stepped,
)
from chess_server.game.record import rewound
from chess_server.game.state import Game
from chess_server.game.status import FIRST_MOVES

PLIES_BETWEEN_OFFERS = 20
"""How many plies must pass before a player may offer a draw again, as in lila."""
MORE_SECONDS = 15
"""How much time one player gives the other at a time, as in lila."""
MORE_MOST_MS = 15 * 60_000
"""How much a player may be given in a game."""


def draw_yes(game: Game, color: Color, _command: Command, _moment: Moment) -> Outcome:
    """Offer a draw, or accept one."""
    if game.draw_offer == OTHER[color]:
        return ended(game, "draw" if game.ply >= FIRST_MOVES else "aborted")
    if game.draw_offer == color:
        return Duplicate()
    last = game.offer_ply(color)
    if last is not None and game.ply <= last + PLIES_BETWEEN_OFFERS:
        return Rejected(
            code="too_soon", message=f"wait until {PLIES_BETWEEN_OFFERS} plies after your last offer"
        )
    offered = {"white_offer_ply": game.ply} if color == "white" else {"black_offer_ply": game.ply}
    return stepped(replace(game, draw_offer=color, **offered), DrawOffered(color=color))


def draw_no(game: Game, color: Color, _command: Command, _moment: Moment) -> Outcome:
    """Decline a draw, or withdraw one's own offer."""
    if game.draw_offer is None:
        return Rejected(code="no_draw", message="there is no draw offer")
    return stepped(replace(game, draw_offer=None), DrawDeclined(color=color))


def takeback_yes(game: Game, color: Color, _command: Command, _moment: Moment) -> Outcome:
    """Ask for one's last move back; or agree, and the game goes back to before the move of who asked."""
    if game.takeback_offer == OTHER[color]:
        return TakenBack(game=rewound(game, _ply_before(game, OTHER[color])))
    if game.takeback_offer == color:
        return Duplicate()
    if _ply_before(game, color) < 0:
        return Rejected(code="no_move", message="you have made no move that could be taken back")
    if game.takeback_ply(color) == game.ply:
        return Rejected(code="too_soon", message="ask again after the next move")
    asked = {"white_takeback_ply": game.ply} if color == "white" else {"black_takeback_ply": game.ply}
    return stepped(replace(game, takeback_offer=color, **asked), TakebackAsked(color=color))


def takeback_no(game: Game, color: Color, _command: Command, _moment: Moment) -> Outcome:
    """Decline, or withdraw."""
    if game.takeback_offer is None:
        return Rejected(code="no_takeback", message="nobody asks to take a move back")
    return stepped(replace(game, takeback_offer=None), TakebackDeclined(color=color))


def _ply_before(game: Game, color: Color) -> int:
    """Return the ply before a player's last move: one back, or two where the opponent has answered it."""
    return game.ply - (2 if game.turn == color else 1)


def more_time(game: Game, color: Color, _command: Command, moment: Moment) -> Outcome:
    """Give the opponent time, up to a sum. A flag that has fallen stays fallen."""
    receiver = OTHER[color]
    side = game.clock.side(receiver)
    if side.given_ms + MORE_SECONDS * 1000 > MORE_MOST_MS:
        return Rejected(code="too_much", message=f"a player may be given {MORE_MOST_MS // 1000} s in a game")
    if game.turn == receiver and game.ply >= FIRST_MOVES and moment.elapsed_ms(game) >= due_in_ms(game, 0):
        return Rejected(code="too_late", message="the opponent's flag has fallen")
    clock = game.clock.given(receiver, MORE_SECONDS * 1000)
    return stepped(replace(game, clock=clock), TimeGiven(color=receiver, seconds=MORE_SECONDS))
