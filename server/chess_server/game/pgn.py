"""A finished game as PGN."""

from datetime import UTC, datetime
from textwrap import fill

from chess_server.game.state import Game

TERMINATION = {
    "outoftime": "Time forfeit",
    "timeout": "Abandoned",
    "aborted": "Unterminated",
    "noStart": "Unterminated",
}


def pgn_of(game: Game) -> str:
    """Write headers and movetext; `Site` is the game's id. Players have no names: a `sri` is for its client alone."""
    day = datetime.fromtimestamp(game.created_ms / 1000, UTC)
    headers = {
        "Event": f"Pool {game.pool}",
        "Site": game.id,
        "Date": f"{day:%Y.%m.%d}",
        "Round": "-",
        "White": "?",
        "Black": "?",
        "Result": game.result,
        "UTCTime": f"{day:%H:%M:%S}",
        "TimeControl": f"{game.clock.initial_ms // 1000}+{game.clock.increment_ms // 1000}",
        "Termination": TERMINATION.get(game.status, "Normal"),
    }
    lines = "\n".join(f'[{name} "{value}"]' for name, value in headers.items())
    return f"{lines}\n\n{fill(movetext(game), 80, break_on_hyphens=False)}\n"


def movetext(game: Game) -> str:
    """Write the numbered moves and the result."""
    sans = game.sans.split()
    numbered = [f"{1 + ply // 2}. {san}" if ply % 2 == 0 else san for ply, san in enumerate(sans)]
    return " ".join([*numbered, game.result])
