"""The games that the bots replay: PGN text in, playable games out, and why the others are not.

Files are taken as people keep them. A game that cannot be replayed move by move (an illegal move, a set-up position,
no result, a result that the final position contradicts) is left out by its number, with the reason; only a file without
any usable game is refused. What is read is read as pgn-extract reads it, because the verification does so. Both players
of a game choose its PGN by the game id alone (`pick`), so that they need not communicate.
"""

import re
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from pathlib import Path

import chess

BUNDLED = Path(__file__).with_name("games.pgn")
RESULTS = ("1-0", "0-1", "1/2-1/2")
UNKNOWN_RESULTS = ("*", "?", "")  # in a header: the moves say it
MOST_BYTES = 20_000_000
"""More would take minutes to check and gigabytes to hold, and no run plays more than a few thousand games."""
FEWEST_PLIES = 2  # before both have moved, a game can be aborted but not resigned


class GamesError(ValueError):
    """A file without a usable game, in one line."""


class _UnplayableError(ValueError):
    """Why a game cannot be replayed."""


class Ending(Enum):
    """How the players reach the result of the PGN."""

    BOARD = "board"  # mate, stalemate, dead position: the server ends the game
    WHITE_RESIGNS = "white resigns"
    BLACK_RESIGNS = "black resigns"
    DRAW_AGREED = "draw agreed"


AGREED = {"1-0": Ending.BLACK_RESIGNS, "0-1": Ending.WHITE_RESIGNS, "1/2-1/2": Ending.DRAW_AGREED}


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
    status: str
    """What the server should call the end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """A game that is not played, and why."""

    number: int
    reason: str

    def __str__(self) -> str:
        return f"game {self.number} is left out: {self.reason}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What there is in a PGN text."""

    text: str = field(repr=False)
    games: tuple[Game, ...]
    left_out: tuple[LeftOut, ...] = ()
    path: Path | None = None

    def without(self, others: Sequence[LeftOut]) -> "Reading":
        """Leave out more games; GamesError if none remains."""
        gone = {one.number for one in others}
        left_out = tuple(sorted((*self.left_out, *others), key=lambda one: one.number))
        games = tuple(game for game in self.games if game.number not in gone)
        if games:
            return replace(self, games=games, left_out=left_out)
        where = f"{self.path}: " if self.path else ""
        if not left_out:
            raise GamesError(f"{where}no game in it; the file must hold at least one")
        more = f" (and {len(left_out) - 1} more)" if len(left_out) > 1 else ""
        raise GamesError(f"{where}no usable game in it; {left_out[0]}{more}")


def load(path: Path) -> Reading:
    """Read every game of a PGN file; GamesError says in one line why none of them can be replayed."""
    try:
        if path.exists() and not (path.is_file() or path.is_dir()):  # nobody may ever write to a pipe
            raise GamesError(f"{path}: is no regular file; save the games in one")
        if path.stat().st_size > MOST_BYTES:
            size = f"{path.stat().st_size / 1e6:.0f} MB"
            raise GamesError(
                f"{path}: has {size}; at most {MOST_BYTES / 1e6:.0f} MB are allowed, some thousand games"
            )
        text = path.read_text(encoding="utf-8-sig", errors="replace")
    except OSError as error:
        raise GamesError(f"{path}: cannot be read: {error.strerror}") from None
    return parse(text, path)


def parse(text: str, path: Path | None = None) -> Reading:
    """Read and check every game of a PGN text."""
    games, left_out = list[Game](), list[LeftOut]()
    for sheet in _sheets(text.removeprefix("\ufeff")):
        try:
            games.append(_play_out(sheet))
        except _UnplayableError as error:
            left_out.append(LeftOut(number=sheet.number, reason=str(error)))
    return Reading(text=text, games=tuple(games), path=path).without(left_out)


def pick(games: Sequence[Game], game_id: str) -> Game:
    """Choose the game that both players of `game_id` replay."""
    return games[zlib.crc32(game_id.encode()) % len(games)]


@dataclass(slots=True)
class _Sheet:
    """One game as it stands in the file, not checked yet."""

    number: int
    headers: dict[str, str] = field(default_factory=dict)
    moves: list[str] = field(default_factory=list)
    result: str = ""
    flaw: str = ""
    """Why its moves cannot be told from what is not its moves."""

    @property
    def complete(self) -> bool:
        """Whether what comes next belongs to another game."""
        return bool(self.result or self.flaw)

    @property
    def begun(self) -> bool:
        """Whether there is anything in it."""
        return bool(self.headers or self.moves or self.complete)


_TOKEN = re.compile(
    r"""(?P<unclosed>\{[^}]*+\Z)
      |(?P<comment>\{[^}]*\}|;[^\n]*|^%[^\n]*|\$\d+|[!?]+)
      |\[\s*(?P<tag>\w+)\s+"(?P<value>(?:[^"\\\n]++|\\.)*+)(?:"[^\S\n]*\]?|$)
      |(?P<bracket>[()])
      |(?P<result>1-0|0-1|1/2(?:-1/2)?|\*)(?=\s|$|[\[){;])
      |(?P<number>\d+\.*|\.+)(?=\s|$|[A-Za-z.])
      |(?P<san>[^\s(){};!?$]+)""",
    re.VERBOSE | re.MULTILINE,
)
"""A tag may lack its bracket or its closing quote, as pgn-extract allows it; a variation or a comment may not."""


def _sheets(text: str) -> Iterator[_Sheet]:
    sheet, depth = _Sheet(1), 0
    for token in _TOKEN.finditer(text):
        depth = max(0, depth + {"(": 1, ")": -1}.get(token["bracket"] or "", 0))
        if depth and token["tag"]:
            sheet.flaw, depth = "a variation that is not closed", 0
        if depth or token["comment"] or token["bracket"] or token["number"]:
            continue
        if sheet.complete or _begins_another(sheet, token["tag"]):
            yield sheet
            sheet = _Sheet(sheet.number + 1)
        _write(sheet, token)
    if depth:
        sheet.flaw = "a variation that is not closed"
    if sheet.begun:
        yield sheet


def _begins_another(sheet: _Sheet, tag: str | None) -> bool:
    return tag is not None and (bool(sheet.moves) or (tag == "Event" and tag in sheet.headers))


def _write(sheet: _Sheet, token: re.Match[str]) -> None:
    if token["unclosed"]:
        sheet.flaw = "a comment that is not closed, up to the end of the file"
    elif token["tag"]:
        sheet.headers[token["tag"]] = _as_result(token["value"])
    elif token["result"]:
        sheet.result = _as_result(token["result"])
    else:
        sheet.moves.append(token["san"])


def _as_result(text: str) -> str:
    return {"1/2": "1/2-1/2"}.get(text, text)


def _play_out(sheet: _Sheet) -> Game:
    if sheet.flaw:
        raise _UnplayableError(sheet.flaw)
    if sheet.headers.get("FEN", chess.STARTING_FEN) != chess.STARTING_FEN:
        raise _UnplayableError("a set-up position (FEN); only the usual start is allowed")
    if not sheet.moves:
        raise _UnplayableError("no moves, as of a game won by forfeit")
    board = chess.Board()
    for san in sheet.moves:
        board.push(_legal(board, san))
    return _playable(sheet, board)


def _legal(board: chess.Board, san: str) -> chess.Move:
    where = f"move {board.fullmove_number}{'.' if board.turn else '...'} {san[:20]}"
    if over := _ended_by_rule(board):
        raise _UnplayableError(f"{where}: the game was over before it ({over})")
    try:
        move = board.parse_san(san)
    except ValueError as error:
        reason = "ambiguous" if isinstance(error, chess.AmbiguousMoveError) else "not a legal move"
        raise _UnplayableError(f"{where}: {reason} in {board.fen()}") from None
    if not move:
        raise _UnplayableError(f"{where}: a null move is not a legal move")
    return move


def _ended_by_rule(board: chess.Board) -> str:
    """Return the rule that ends a game without a claim; empty while none does."""
    outcome = board.outcome()
    return outcome.termination.name.lower().replace("_", " ") if outcome else ""


def _playable(sheet: _Sheet, board: chess.Board) -> Game:
    header, result = sheet.headers.get("Result", "*"), sheet.result
    if not result:
        raise _UnplayableError("no result after its moves")
    if result not in RESULTS:
        raise _UnplayableError(f"its result is {result!r}; allowed: {', '.join(RESULTS)}")
    if header not in (result, *UNKNOWN_RESULTS):
        raise _UnplayableError(f"its header has {header}, its moves end with {result}")
    if len(board.move_stack) < FEWEST_PLIES:
        raise _UnplayableError(f"it has {len(board.move_stack)} moves; at least {FEWEST_PLIES} are needed")
    outcome = board.outcome()
    if outcome and outcome.result() != result:
        raise _UnplayableError(f"it ends by {_ended_by_rule(board)}, {outcome.result()}, not {result}")
    ending = Ending.BOARD if outcome else AGREED[result]
    return Game(
        number=sheet.number,
        title=f"{sheet.headers.get('White', '?')} - {sheet.headers.get('Black', '?')}",
        moves=tuple(move.uci() for move in board.move_stack),
        result=result,
        ending=ending,
        status=_status(ending, outcome),
    )


def _status(ending: Ending, outcome: chess.Outcome | None) -> str:
    if outcome is None:
        return "draw" if ending is Ending.DRAW_AGREED else "resign"
    ends = {chess.Termination.CHECKMATE: "mate", chess.Termination.STALEMATE: "stalemate"}
    return ends.get(outcome.termination, "draw")
