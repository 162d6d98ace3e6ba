"""The CloudFormation registry schemas that cfn-lint ships, as the emulator needs them.

cfn-lint keeps one map a region from type to schema hash and one file a schema. They are read from its folder
(the emulator has an environment of its own, without cfn-lint), each when its type is first used.
"""

import functools
import json
from pathlib import Path
from typing import Any

JsonObject = dict[str, Any]
PREFIX = "/properties/"


class Registry:
    """Schemas by type name."""

    def __init__(self, folder: Path, region: str = "us-east-1") -> None:
        self._resources = folder / "resources"
        self._hashes: dict[str, str] = json.loads((folder / "providers" / f"{region}.json").read_text())

    def types(self) -> frozenset[str]:
        """Every type name of the region."""
        return frozenset(self._hashes)

    @functools.cache  # noqa: B019 - one registry lives as long as the process
    def schema(self, type_name: str) -> JsonObject:
        """Read one type's schema."""
        loaded: JsonObject = json.loads((self._resources / f"{self._hashes[type_name]}.json").read_text())
        return loaded

    def paths(self, type_name: str, keyword: str) -> tuple[tuple[str, ...], ...]:
        """Return the property paths listed under a keyword such as ``createOnlyProperties``."""
        listed = self.schema(type_name).get(keyword, ())
        return tuple(tuple(path.removeprefix(PREFIX).split("/")) for path in listed)
