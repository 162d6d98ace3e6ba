"""What a player offers as subprotocols, by docs/protocol.md."""

from websockets.typing import Subprotocol


def offering(token: str) -> list[Subprotocol]:
    """Offer the protocol, and beside it a token."""
    return [Subprotocol("chess.v1"), Subprotocol(f"chess.token.{token}")]
