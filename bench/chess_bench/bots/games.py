"""The games that the bots replay: PGN text in, checked games out.

Every mistake in a file is found here, before anything is started: an illegal move, a game that goes on after the
rules ended it, a result that the final position contradicts. Both players of a game choose its PGN by the game id
alone (`pick`), so that they need not communicate.
"""

import re
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

import chess

BUNDLED = Path(__file__).with_name("games.pgn")
RESULTS = ("1-0", "0-1", "1/2-1/2")
FEWEST_PLIES = 2  # before both have moved, a game can be aborted but not resigned


class GamesError(ValueError):
    """One line that names the game, the move and what is wrong with it."""


class Ending(Enum):
    """How the players reach the result of the PGN."""

    BOARD = "board"  # mate, stalemate, dead position: the server ends the game
    WHITE_RESIGNS = "white resigns"
    BLACK_RESIGNS = "black resigns"
    DRAW_AGREED = "draw agreed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Game:
    """One playable game."""

    number: int
    """Counted from 1 in its file."""
    title: str
    moves: tuple[str, ...]
    """In UCI notation."""
    result: str
    ending: Ending


def load(path: Path) -> tuple[Game, ...]:
    """Read every game of a PGN file; GamesError names in one line why it cannot be replayed."""
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise GamesError(f"{path}: cannot be read: {error.strerror}") from None
    try:
        return parse(text)
    except GamesError as error:
        raise GamesError(f"{path}: {error}") from None


def parse(text: str) -> tuple[Game, ...]:
    """Read and check every game of a PGN text."""
    games = tuple(_play_out(sheet) for sheet in _sheets(text))
    if not games:
        raise GamesError("no game in it; the file must hold at least one")
    return games


def pick(games: Sequence[Game], game_id: str) -> Game:
    """Choose the game that both players of `game_id` replay."""
    return games[zlib.crc32(game_id.encode()) % len(games)]


@dataclass(slots=True)
class _Sheet:
    """One game as it stands in the file, not checked yet."""

    number: int
    headers: dict[str, str] = field(default_factory=dict)
    moves: list[str] = field(default_factory=list)
    result: str = "*"
    closed: bool = False


_TOKEN = re.compile(
    r"""(?P<comment>\{[^}]*\}|;[^\n]*|^%[^\n]*|\$\d+|[!?]+)
      |\[\s*(?P<tag>\w+)\s+"(?P<value>(?:[^"\\]|\\.)*)"\s*\]
      |(?P<bracket>[()])
      |(?P<result>1-0|0-1|1/2-1/2|\*)(?=\s|$|\[|[){;])
      |(?P<number>\d+\.*|\.+)(?=\s|$|[A-Za-z.])
      |(?P<san>[^\s(){};!?$]+)""",
    re.VERBOSE | re.MULTILINE,
)


def _sheets(text: str) -> Iterator[_Sheet]:
    sheet, depth = _Sheet(1), 0
    for token in _TOKEN.finditer(text):
        depth += {"(": 1, ")": -1}.get(token["bracket"] or "", 0)
        if depth > 0 or token["comment"] or token["bracket"] or token["number"]:
            continue
        if sheet.closed or (token["tag"] and sheet.moves):
            yield sheet
            sheet = _Sheet(sheet.number + 1)
        _write(sheet, token)
    if sheet.headers or sheet.moves:
        yield sheet


def _write(sheet: _Sheet, token: re.Match[str]) -> None:
    if token["tag"]:
        sheet.headers[token["tag"]] = token["value"]
    elif token["result"]:
        sheet.result, sheet.closed = token["result"], True
    else:
        sheet.moves.append(token["san"])


def _play_out(sheet: _Sheet) -> Game:
    if sheet.headers.get("FEN", chess.STARTING_FEN) != chess.STARTING_FEN:
        raise GamesError(f"game {sheet.number}: a set-up position (FEN); only the usual start is allowed")
    board = chess.Board()
    for san in sheet.moves:
        board.push(_legal(sheet, board, san))
    return _playable(sheet, board)


def _legal(sheet: _Sheet, board: chess.Board, san: str) -> chess.Move:
    where = f"game {sheet.number}, move {board.fullmove_number}{'.' if board.turn else '...'} {san[:20]}"
    if over := _ended_by_rule(board):
        raise GamesError(f"{where}: the game was over before it ({over})")
    try:
        move = board.parse_san(san)
    except ValueError as error:
        reason = "ambiguous" if isinstance(error, chess.AmbiguousMoveError) else "not a legal move"
        raise GamesError(f"{where}: {reason} in {board.fen()}") from None
    if not move:
        raise GamesError(f"{where}: a null move is not a legal move")
    return move


def _ended_by_rule(board: chess.Board) -> str:
    """Return the rule that ends a game without a claim; empty while none does."""
    outcome = board.outcome()
    return outcome.termination.name.lower().replace("_", " ") if outcome else ""


def _playable(sheet: _Sheet, board: chess.Board) -> Game:
    where, header = f"game {sheet.number}", sheet.headers.get("Result", "*")
    result = sheet.result if sheet.result != "*" else header
    if result not in RESULTS:
        raise GamesError(f"{where}: its result is {result!r}; allowed: {', '.join(RESULTS)}")
    if header not in (result, "*"):
        raise GamesError(f"{where}: its header has {header}, its moves end with {result}")
    if len(board.move_stack) < FEWEST_PLIES:
        raise GamesError(f"{where}: it has {len(board.move_stack)} moves; at least {FEWEST_PLIES} are needed")
    outcome = board.outcome()
    if outcome and outcome.result() != result:
        raise GamesError(f"{where}: it ends by {_ended_by_rule(board)}, {outcome.result()}, not {result}")
    return Game(
        number=sheet.number,
        title=f"{sheet.headers.get('White', '?')} - {sheet.headers.get('Black', '?')}",
        moves=tuple(move.uci() for move in board.move_stack),
        result=result,
        ending=Ending.BOARD if outcome else _agreed_ending(result),
    )


def _agreed_ending(result: str) -> Ending:
    return {"1-0": Ending.BLACK_RESIGNS, "0-1": Ending.WHITE_RESIGNS, "1/2-1/2": Ending.DRAW_AGREED}[result]
