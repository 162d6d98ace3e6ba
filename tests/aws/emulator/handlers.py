"""CloudFormation handlers generated from registry schemas, for the types that ministack lacks.

Create validates the properties by JSON Schema, mints a physical id and every read-only attribute; the change set's
Replacement comes from ``createOnlyProperties``. They have no data plane and no drift: a test that leans on either
uses a type that ministack has itself. Native handlers get the same property check put before them.
"""

from collections.abc import Callable
from typing import Any

import corrections
import minted
import validity
from ministack.core.responses import get_account_id, get_region
from ministack.services.cloudformation import provisioners
from registry import Registry

JsonObject = dict[str, Any]
Created = tuple[str, JsonObject]
# The emulator stands for AWS, which refuses values that no schema knows of: any text with this word in it.
UNOBTAINABLE = "unobtainable"


class Refusals:
    """Checks a resource's properties before a handler sees them."""

    def __init__(self, registry: Registry) -> None:
        self.registry = registry
        self._checkers: dict[str, Any] = {}

    def check(self, type_name: str, props: JsonObject) -> None:
        """Raise ValueError, which ministack turns into the event's reason, for a bad property."""
        if UNOBTAINABLE in str(props):
            raise ValueError(f"{type_name}: the requested configuration is not available in this region.")
        if type_name not in self._checkers:
            self._checkers[type_name] = validity.validator(self.registry.schema(type_name))
        own = {key: value for key, value in props.items() if key != "Tags"}
        if reason := validity.problem(self._checkers[type_name], own):
            raise ValueError(reason)


class Generated:
    """The handlers of one type."""

    def __init__(self, registry: Registry, type_name: str) -> None:
        self.type_name = type_name
        self.schema = registry.schema(type_name)
        self.identifier = registry.paths(type_name, "primaryIdentifier")
        self.read_only = registry.paths(type_name, "readOnlyProperties")
        self.create_only = registry.paths(type_name, "createOnlyProperties")

    def create(self, logical_id: str, props: JsonObject, stack_name: str) -> Created:
        """Create the resource: a physical id and its attributes."""
        name = f"{stack_name}-{logical_id}"
        owner = minted.physical_id(self.type_name, self.identifier, props, name)
        return owner, self.attributes(owner)

    def update(self, physical_id: str, _old: JsonObject, _new: JsonObject, _stack: str) -> Created:
        """Update in place: the identity stays."""
        return physical_id, self.attributes(physical_id)

    def delete(self, physical_id: str, props: JsonObject) -> None:
        """Delete: nothing is kept."""

    def entry(self) -> JsonObject:
        """Return what ministack's table of handlers takes."""
        return {"create": self.create, "update": self.update, "delete": self.delete}

    def replacing(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Return the properties that always replace, and those that may (create-only below them)."""
        always = {path[0] for path in self.create_only if len(path) == 1}
        maybe = {path[0] for path in self.create_only if len(path) > 1} - always
        return tuple(sorted(always)), tuple(sorted(maybe))

    def attributes(self, owner: str) -> JsonObject:
        """Mint every read-only attribute."""
        place = (get_account_id(), get_region())
        return {
            ".".join(path): minted.attribute(self.type_name, path, self._kind(path), owner, place)
            for path in self.read_only
        }

    def _kind(self, path: tuple[str, ...]) -> str:
        node: JsonObject = self.schema
        for part in path:
            reference = node.get("$ref", "")
            if reference:
                node = self.schema["definitions"].get(reference.rsplit("/", 1)[-1], {})
            node = node.get("properties", {}).get(part, {})
        kind = node.get("type", "string")
        return kind if isinstance(kind, str) else "string"


def install(registry: Registry) -> int:
    """Give ministack a handler for every type that it lacks; return how many."""
    refusals = Refusals(registry)
    corrections.apply(provisioners._RESOURCE_HANDLERS)
    native = set(provisioners._RESOURCE_HANDLERS) - corrections.DISTRUSTED.keys()
    missing = registry.types() - native
    for type_name in native & registry.types():
        _guard(refusals, type_name, provisioners._RESOURCE_HANDLERS[type_name])
        if type_name not in provisioners._REPLACING_PROPERTIES:
            _register(Generated(registry, type_name))
    kept = {
        key: entry
        for key, entry in provisioners._RESOURCE_HANDLERS.items()
        if key not in corrections.DISTRUSTED
    }
    provisioners._RESOURCE_HANDLERS = _Lazy(
        kept, lambda type_name: _generate(registry, refusals, type_name), missing
    )
    _share(provisioners._RESOURCE_HANDLERS)
    return len(missing)


class _Lazy(dict[str, JsonObject]):
    """ministack's table, with generated entries made when first asked for."""

    def __init__(
        self, known: dict[str, JsonObject], make: Callable[[str], JsonObject], missing: set[str]
    ) -> None:
        super().__init__(known)
        self._make = make
        self._missing = missing

    def __contains__(self, type_name: object) -> bool:
        return super().__contains__(type_name) or type_name in self._missing

    def __missing__(self, type_name: str) -> JsonObject:
        if type_name not in self._missing:
            raise KeyError(type_name)
        self[type_name] = self._make(type_name)
        return self[type_name]

    def get(self, type_name: str, default: Any = None) -> Any:
        try:
            return self[type_name]
        except KeyError:
            return default


def _generate(registry: Registry, refusals: Refusals, type_name: str) -> JsonObject:
    generated = Generated(registry, type_name)
    _register(generated)
    entry = generated.entry()
    _guard(refusals, type_name, entry)
    return entry


def _register(generated: Generated) -> None:
    """Tell ministack which properties replace; of a type that it knows nothing about it says "perhaps" for all."""
    always, maybe = generated.replacing()
    provisioners._REPLACING_PROPERTIES[generated.type_name] = always
    provisioners._CONDITIONALLY_REPLACING_PROPERTIES[generated.type_name] = maybe


def _guard(refusals: Refusals, type_name: str, entry: JsonObject) -> None:
    create, update = entry.get("create"), entry.get("update")

    def checked_create(logical_id: str, props: JsonObject, stack_name: str) -> Created:
        refusals.check(type_name, props)
        return whole(create(logical_id, props, stack_name), props)

    def checked_update(physical_id: str, old: JsonObject, new: JsonObject, *rest: str) -> Created:
        refusals.check(type_name, new)
        return whole(update(physical_id, old, new, *rest), new)

    def whole(created: Created, props: JsonObject) -> Created:
        # ministack's own handlers lack some attributes that GetAtt reads; what it says itself stands.
        owner, known = created
        given = {key: value for key, value in props.items() if isinstance(value, str | int)}
        return owner, given | Generated(refusals.registry, type_name).attributes(owner) | (known or {})

    if create:
        entry["create"] = checked_create
    if update:
        entry["update"] = checked_update


def _share(table: JsonObject) -> None:
    """Point the modules that imported the table by name at the new one."""
    from ministack.services.cloudformation import changesets

    changesets._RESOURCE_HANDLERS = table
