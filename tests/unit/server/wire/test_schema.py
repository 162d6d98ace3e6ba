"""The schema on the page is that of the types."""

from pathlib import Path

from chess_server.wire import messages, requests, schema

PAGE = Path(__file__).parents[4] / schema.PAGE


def test_the_page_has_the_schema_of_the_types() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert schema.inserted(page) == page, "run `make manifests`"


def test_every_message_is_in_it() -> None:
    parts = schema.document()["$defs"]
    tags = {tag for part in parts.values() for tag in part.get("properties", {}).get("t", {}).get("enum", ())}
    assert tags == {one.__struct_config__.tag for one in (*messages.MESSAGES, *requests.MESSAGES)}
