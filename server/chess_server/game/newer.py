"""Members of a stored value that only a newer server knows: they survive being read and written by this one. Pure.

Structs are decoded strictly, so a value without such members costs nothing here. One with them is taken apart: what
this server knows becomes the struct, the rest is kept beside it and merged into what is written.
"""

from functools import cache
from typing import Any, TypeVar

import msgspec
from msgspec import Struct

S = TypeVar("S", bound=Struct)
Members = dict[str, Any]
"""Unknown members by name. Those of a nested object are under its name, and so is the tail of a longer array."""


def taken_apart(blob: bytes, kind: type[S]) -> tuple[S, Members]:
    """Decode a value, and return beside it what `kind` does not know. Raises msgspec.MsgspecError."""
    tree = msgspec.json.decode(blob, type=Members)
    unknown = _take(tree, kind)
    return msgspec.convert(tree, kind), unknown


def put_together(blob: bytes, unknown: Members) -> bytes:
    """Merge unknown members into an encoded value."""
    tree = msgspec.json.decode(blob, type=Members)
    _merge(tree, unknown)
    return msgspec.json.encode(tree)


@cache
def _known(kind: type[Struct]) -> dict[str, Any]:
    """Return the type of each member, by its name in the store."""
    return {field.encode_name: field.type for field in msgspec.structs.fields(kind)}


def _take(tree: Members, kind: type[Struct]) -> Members:
    known = _known(kind)
    unknown = {name: tree.pop(name) for name in list(tree) if name not in known}
    for name, value in tree.items():
        if nested := _take_nested(value, known[name]):
            unknown[name] = nested
    return unknown


def _take_nested(value: Any, kind: Any) -> Any:
    if not (isinstance(kind, type) and issubclass(kind, Struct)):
        return None
    if isinstance(value, dict):
        return _take(value, kind)
    if not isinstance(value, list):
        return None
    length = len(kind.__struct_fields__)
    value[length:], tail = [], value[length:]
    return tail


def _merge(tree: Members, unknown: Members) -> None:
    for name, value in unknown.items():
        if name not in tree:
            tree[name] = value
        elif isinstance(value, dict):
            _merge(tree[name], value)
        else:
            tree[name] += value
