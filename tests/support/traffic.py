"""Recorded traffic against the JSON Schema in docs/protocol.md, read from the page as a client's author reads it."""

import json
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

from chess_server.wire.schema import BEGIN, CLIENT, END, SERVER

PAGE = Path(__file__).parents[2] / "docs/protocol.md"


@cache
def _validator(side: str) -> Draft202012Validator:
    appendix = PAGE.read_text(encoding="utf-8").partition(BEGIN)[2].partition(END)[0]
    schema = json.loads(appendix.removeprefix("```json\n").removesuffix("```\n"))
    return Draft202012Validator({"$ref": f"#/$defs/{side}", **schema})


def from_server(frame: Any) -> None:
    """Raise ValidationError if the page does not know this message of a server. `frame` is JSON's value."""
    _validator(SERVER).validate(frame)


def from_client(frame: Any) -> None:
    """Raise ValidationError if the page does not know this message of a client. `frame` is JSON's value."""
    _validator(CLIENT).validate(frame)
