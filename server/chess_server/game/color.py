"""White and Black, by their names on the wire."""

from typing import Literal

Color = Literal["white", "black"]
OTHER: dict[Color, Color] = {"white": "black", "black": "white"}


def turn_at(ply: int) -> Color:
    """Whose turn it is after `ply` half-moves."""
    return "white" if ply % 2 == 0 else "black"
