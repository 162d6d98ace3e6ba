"""Write what a verb made into a file that the user named."""

from pathlib import Path

from chess_stacks.account.failure import Failure


def write(path: Path, text: str, option: str = "--out") -> None:
    """Write text; what keeps that from working is reported with the option that named the file."""
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise Failure(f"{option} {path}: {error.strerror or error}") from error
