"""A player's token: signed by one server, checked by any server of the ChessCluster alone, without a store. Pure.

27 bytes as base64url, 36 characters without padding, so that one token has one spelling: version, key, game id, color,
and the first 16 bytes of an HMAC-SHA256 over these and the cluster's uid. It does not expire: a game ends.
"""

import hmac
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from hashlib import sha256

from chess_server.game import ids
from chess_server.game.color import Color

HEADER = "Sec-WebSocket-Protocol"
PROTOCOL = "chess.v1"
PREFIX = "chess.token."
"""A client offers `chess.v1` and this with its token as subprotocols: a browser can send nothing else."""

VERSION = b"\x01"
MAC_BYTES = 16
KEY_AT, GAME_AT, COLOR_AT, MAC_AT = 1, 2, 2 + ids.GAME_LENGTH, 3 + ids.GAME_LENGTH
TOKEN = re.compile(r"[A-Za-z0-9_-]{36}")
KEY = re.compile(r"[\x21-\x7e]{32,128}")
MOST_KEYS = 4
LETTERS: dict[Color, bytes] = {"white": b"w", "black": b"b"}
COLORS: dict[bytes, Color] = {letter: color for color, letter in LETTERS.items()}


class KeysError(ValueError):
    """A text holds no keys. The message does not show it."""


def parse_keys(text: str) -> tuple[bytes, ...]:
    """Read keys, one a line, the one that signs first. Raises KeysError."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if not 1 <= len(lines) <= MOST_KEYS or not all(KEY.fullmatch(line) for line in lines):
        raise KeysError(f"allowed: 1 to {MOST_KEYS} lines, each a key of 32 to 128 characters without blanks")
    return tuple(line.encode() for line in lines)


def offered(protocols: str) -> str:
    """Return the token among the offered subprotocols; empty if there is none."""
    names = (name.strip() for name in protocols.split(","))
    return next((name.removeprefix(PREFIX) for name in names if name.startswith(PREFIX)), "")


class Tokens:
    """Signs and checks one ChessCluster's tokens: the first key signs, all check. Without keys it does neither."""

    __slots__ = ("_audience", "_keys")

    def __init__(self, keys: Sequence[bytes], cluster_uid: str) -> None:
        self._keys = [(sha256(key).digest()[:1], key) for key in keys]
        self._audience = cluster_uid.encode()

    def of(self, game_id: str, color: Color) -> str:
        """Make the token of a player; empty without keys."""
        if not self._keys:
            return ""
        number, key = self._keys[0]
        claim = VERSION + number + game_id.encode() + LETTERS[color]
        return urlsafe_b64encode(claim + self._mac(key, claim)).decode()

    def color(self, token: str, game_id: str) -> Color | None:
        """Return which color of a game a token plays; None for a token that is wrong, or another game's."""
        if not TOKEN.fullmatch(token):
            return None
        raw = urlsafe_b64decode(token)
        claim, mac = raw[:MAC_AT], raw[MAC_AT:]
        if claim[:KEY_AT] != VERSION or claim[GAME_AT:COLOR_AT] != game_id.encode():
            return None
        candidates = [key for number, key in self._keys if number == claim[KEY_AT:GAME_AT]]
        signed = any(hmac.compare_digest(mac, self._mac(key, claim)) for key in candidates)
        return COLORS.get(claim[COLOR_AT:]) if signed else None

    def _mac(self, key: bytes, claim: bytes) -> bytes:
        return hmac.digest(key, b"chess.token " + claim + self._audience, "sha256")[:MAC_BYTES]
