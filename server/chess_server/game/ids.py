"""Ids of games and players: base62, from the system's randomness."""

import re
import secrets
import string

ALPHABET = string.ascii_letters + string.digits
GAME_LENGTH = 8
PLAYER_LENGTH = 12
GAME = re.compile(r"[A-Za-z0-9]{8}")
FULL = re.compile(r"[A-Za-z0-9]{20}")
SRI = re.compile(r"[A-Za-z0-9_-]{8,32}")
KEY = re.compile(r"[A-Za-z0-9_-]{16,64}")


def random_id(length: int) -> str:
    """Draw an id that cannot be guessed."""
    return "".join(secrets.choice(ALPHABET) for _ in range(length))
