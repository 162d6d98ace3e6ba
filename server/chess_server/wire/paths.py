"""Paths and queries of upgrade requests: the place that a client asks for."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from urllib.parse import parse_qsl

from chess_server.game import ids
from chess_server.game.color import Color
from chess_server.game.state import Game
from chess_server.wire.tokens import Tokens, offered


class PathError(ValueError):
    """A request that is refused: HTTP status, code, and a message that says what is allowed."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


@dataclass(frozen=True, slots=True, kw_only=True)
class Resume:
    """The last version that a client holds."""

    v: int
    epoch: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LobbyPlace:
    """A client's place in the lobby."""

    sri: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlayPlace:
    """A player's place at a game.

    `color`: as a token has proved it; `player_id`: the secret in an older client's path.
    """

    game_id: str
    sri: str
    player_id: str = field(default="", repr=False)
    color: Color | None = None
    resume: Resume | None = None

    def color_in(self, game: Game) -> Color | None:
        """Which color of the game is this player's; None for a wrong secret."""
        return self.color or game.color_of(self.player_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchPlace:
    """A spectator's place at a game."""

    game_id: str
    color: Color
    sri: str
    resume: Resume | None = None


Place = LobbyPlace | PlayPlace | WatchPlace

NOT_FOUND = "allowed: /lobby/socket, /play/{gameId}, /watch/{gameId}/{white|black}"
MAX_NUMBER_DIGITS = 9


def parse(target: str) -> Place:
    """Parse an HTTP request target; raises PathError."""
    path, _, query = target.partition("?")
    parts = path.strip("/").split("/")
    route = ROUTES.get((parts[0], len(parts)))
    if route is None:
        raise PathError(404, "not_found", f"no such path /{parts[0][:40]}…; {NOT_FOUND}")
    return route(parts, dict(parse_qsl(query, keep_blank_values=True)))


def proved(place: Place, protocols: str, tokens: Tokens) -> Place:
    """Return a place with the color that the token among the offered subprotocols proves; raises PathError.

    For one version the secret in a path still does without a token; it is compared with the game's.
    """
    if not isinstance(place, PlayPlace):
        return place
    token = offered(protocols)
    if place.player_id and not token:
        return place
    color = tokens.color(token, place.game_id)
    if color is None:
        raise PathError(401, "bad_token", f"no player's token for game {place.game_id}")
    return replace(place, color=color)


def _lobby(parts: list[str], query: dict[str, str]) -> Place:
    if parts[1] != "socket":
        raise PathError(404, "not_found", f"no such path; {NOT_FOUND}")
    return LobbyPlace(sri=_sri(query))


def _play(parts: list[str], query: dict[str, str]) -> Place:
    full = parts[1]
    if not (ids.GAME.fullmatch(full) or ids.FULL.fullmatch(full)):
        raise PathError(404, "not_found", f"no such path; {NOT_FOUND}")
    return PlayPlace(
        game_id=full[: ids.GAME_LENGTH],
        player_id=full[ids.GAME_LENGTH :],
        sri=_sri(query),
        resume=_resume(query),
    )


def _watch(parts: list[str], query: dict[str, str]) -> Place:
    colors: dict[str, Color] = {"white": "white", "black": "black"}
    if not ids.GAME.fullmatch(parts[1]) or parts[2] not in colors:
        raise PathError(404, "not_found", f"no such path; {NOT_FOUND}")
    return WatchPlace(game_id=parts[1], color=colors[parts[2]], sri=_sri(query), resume=_resume(query))


ROUTES: dict[tuple[str, int], Callable[[list[str], dict[str, str]], Place]] = {
    ("lobby", 2): _lobby,
    ("play", 2): _play,
    ("watch", 3): _watch,
}


def _sri(query: dict[str, str]) -> str:
    sri = query.get("sri", "")
    if not ids.SRI.fullmatch(sri):
        raise PathError(400, "bad_query", f"sri is {sri[:40]!r}; allowed: 8 to 32 characters of A-Za-z0-9_-")
    return sri


def _resume(query: dict[str, str]) -> Resume | None:
    if "v" not in query and "epoch" not in query:
        return None
    return Resume(v=_number(query, "v"), epoch=_number(query, "epoch"))


def _number(query: dict[str, str], name: str) -> int:
    text = query.get(name, "")
    if not text.isascii() or not text.isdigit() or len(text) > MAX_NUMBER_DIGITS:
        raise PathError(
            400, "bad_query", f"{name} is {text[:40]!r}; allowed: a whole number, v and epoch both or neither"
        )
    return int(text)
