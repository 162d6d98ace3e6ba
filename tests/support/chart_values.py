"""Values for our charts, as flags of Helm."""

BUILT = "image.repository=chesscluster"
"""The image, without which neither chart is rendered."""


def flags(*settings: str) -> list[str]:
    """Return settings as flags; the image comes first, so that one of them may take it away."""
    return [flag for setting in (BUILT, *settings) for flag in ("--set", setting)]
