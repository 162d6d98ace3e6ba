"""JSON Schema of every message, made from the types that are decoded and encoded. `make manifests` writes it down."""

import json
from functools import reduce
from operator import or_
from pathlib import Path
from typing import Any

import msgspec

from chess_server.wire import messages, requests

BEGIN, END = "<!-- schema: made by `make manifests` -->\n", "<!-- /schema -->"
PAGE = Path("docs/protocol.md")
CLIENT, SERVER = "ClientMessage", "ServerMessage"


def document() -> dict[str, Any]:
    """Return the schema: `ClientMessage` and `ServerMessage`, and all that they are made of."""
    types = (reduce(or_, requests.MESSAGES), messages.AnyMessage)
    (client, server), parts = msgspec.json.schema_components(types, ref_template="#/$defs/{name}")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$defs": {CLIENT: client, SERVER: server, **dict(sorted(parts.items()))},
    }


def text() -> str:
    """Return the schema as the page has it: one definition a line."""
    made = document()
    lines = [f" {json.dumps(name)}: {json.dumps(part)}" for name, part in made["$defs"].items()]
    return (
        f'```json\n{{"$schema": {json.dumps(made["$schema"])}, "$defs": {{\n'
        + ",\n".join(lines)
        + "\n}}\n```\n"
    )


def inserted(page: str) -> str:
    """Return a page with the schema between its marks."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}{text()}{END}{after}"


if __name__ == "__main__":
    PAGE.write_text(inserted(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
