"""From pydantic's JSON schema to a structural OpenAPI v3 schema, as CustomResourceDefinitions want it.

Structural means: no `$ref`, no `anyOf` with null, no numeric `exclusiveMinimum`, no `additionalProperties: false` (the
API server prunes unknown fields, kubectl refuses them).
"""

from typing import Any

from pydantic import BaseModel

from chess_operator.api.model.rules import Model, Rule

Schema = dict[str, Any]

_KEPT = frozenset(
    {"type", "description", "enum", "pattern", "format", "minimum", "maximum", "minLength", "maxLength"}
)
_CONSTRAINTS = {"minItems": "minItems", "maxItems": "maxItems", "maxProperties": "maxProperties"}


def structural(model: type[BaseModel]) -> Schema:
    """Convert a model, with everything below it."""
    raw = model.model_json_schema(by_alias=True)
    parts = raw.pop("$defs", {})
    return _convert(raw, parts, _models_below(model))


def _models_below(model: type[BaseModel]) -> dict[str, type[BaseModel]]:
    """Collect every model class by name, for its rules: JSON schema has no place for them."""
    found: dict[str, type[BaseModel]] = {}
    waiting: list[Any] = [model]
    while waiting:
        one = waiting.pop()
        if isinstance(one, type) and issubclass(one, BaseModel) and one.__name__ not in found:
            found[one.__name__] = one
            waiting += [field.annotation for field in one.model_fields.values()]
        waiting += getattr(one, "__args__", ())
    return found


def _convert(raw: Schema, parts: Schema, models: dict[str, type[BaseModel]]) -> Schema:
    raw = _resolve(raw, parts)
    schema: Schema = {
        key: value for key, value in raw.items() if key in _KEPT or key.startswith("x-kubernetes-")
    }
    schema |= {name: raw[key] for key, name in _CONSTRAINTS.items() if key in raw}
    if "const" in raw:
        schema["enum"] = [raw["const"]]
    if "exclusiveMinimum" in raw:
        schema["minimum"] = raw["exclusiveMinimum"] + 1
    if raw.get("default") not in (None, []):
        schema["default"] = _default(raw["default"])
    match raw.get("type"):
        case "object" if "properties" in raw:
            schema |= _object(raw, parts, models)
        case "object":
            schema["additionalProperties"] = _convert(_values(raw), parts, models)
        case "array":
            schema |= _array(raw, parts, models)
    return schema


def _resolve(raw: Schema, parts: Schema) -> Schema:
    """Follow `$ref`, and drop the null of an optional field: null counts as not given."""
    if "anyOf" in raw:
        (kept,) = (one for one in raw["anyOf"] if one.get("type") != "null")
        raw = {key: value for key, value in raw.items() if key != "anyOf"} | _under(kept, raw)
    if "$ref" in raw:
        target = parts[raw["$ref"].removeprefix("#/$defs/")]
        raw = _resolve(
            {**target, **{key: value for key, value in raw.items() if key != "$ref"}, **_named(target)}, parts
        )
    return raw


def _under(kept: Schema, raw: Schema) -> Schema:
    return {key: value for key, value in kept.items() if key != "description" or "description" not in raw}


def _named(target: Schema) -> Schema:
    return {"title": target["title"]} if "title" in target else {}


def _default(value: Any) -> Any:
    """Leave out what is not given. Parts are spelled out: a default must obey its rules before it is filled in."""
    if isinstance(value, dict):
        return {key: _default(one) for key, one in value.items() if one not in (None, [])}
    return value


def _object(raw: Schema, parts: Schema, models: dict[str, type[BaseModel]]) -> Schema:
    schema: Schema = {
        "properties": {key: _convert(one, parts, models) for key, one in raw["properties"].items()}
    }
    if raw.get("required"):
        schema["required"] = sorted(raw["required"])
    model = models.get(raw.get("title", ""))
    if model is not None and issubclass(model, Model) and model.rules:
        schema["x-kubernetes-validations"] = [_validation(rule) for rule in model.rules]
    return schema


def _values(raw: Schema) -> Schema:
    """Find a map's values. Its keys' pattern has no place in a structural schema; the operator checks it."""
    (values,) = (
        raw["patternProperties"].values() if "patternProperties" in raw else (raw["additionalProperties"],)
    )
    return dict(values)


def _array(raw: Schema, parts: Schema, models: dict[str, type[BaseModel]]) -> Schema:
    items = _convert(raw["items"], parts, models)
    key = raw.get("x-list-key")
    if key is None:
        return {"items": items, "x-kubernetes-list-type": "atomic"}
    return {"items": items, "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": [key]}


def _validation(rule: Rule) -> Schema:
    validation: Schema = {"rule": rule.cel.replace("\\", "\\\\"), "reason": "FieldValueInvalid"}
    expression = rule.message_expression()
    validation |= {"message": rule.message} if expression is None else {"messageExpression": expression}
    if rule.field is not None:
        validation["fieldPath"] = f".{rule.field}"
    return validation
