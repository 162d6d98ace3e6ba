"""Property validity by registry schema: what the emulator's own handlers let through and AWS refuses.

CloudFormation converts between strings, numbers and booleans, so the check does too. Patterns with classes that
Python's ``re`` lacks (``\\p{L}``) are skipped.
"""

import re
from typing import Any

from jsonschema import Draft7Validator, TypeChecker, validators
from jsonschema.exceptions import ValidationError, best_match

JsonObject = dict[str, Any]
_NUMBER = re.compile(r"-?\d+(\.\d+)?")


def _text(_: TypeChecker, value: object) -> bool:
    return isinstance(value, str | int | float | bool)


def _number(_: TypeChecker, value: object) -> bool:
    return isinstance(value, int | float) or (isinstance(value, str) and bool(_NUMBER.fullmatch(value)))


def _boolean(_: TypeChecker, value: object) -> bool:
    return isinstance(value, bool) or value in ("true", "false", "True", "False")


def _object(_: TypeChecker, value: object) -> bool:
    # A JSON document (an IAM policy) may be handed over as text.
    return isinstance(value, dict) or (isinstance(value, str) and value.lstrip().startswith("{"))


_LENIENT = Draft7Validator.TYPE_CHECKER.redefine_many(
    {"string": _text, "number": _number, "integer": _number, "boolean": _boolean, "object": _object}
)


def _enum(_validator: Any, allowed: list[Any], value: object, _schema: JsonObject) -> Any:
    if str(value) not in {str(entry) for entry in allowed}:
        yield ValidationError(f"{value!r} is not one of {allowed!r}")


def _pattern(_validator: Any, pattern: str, value: object, _schema: JsonObject) -> Any:
    if isinstance(value, str | int | float) and not re.search(pattern, str(value)):
        yield ValidationError(f"{value!r} does not match {pattern!r}")


def _length(_validator: Any, _bound: int, _value: object, _schema: JsonObject) -> Any:
    # Numbers pass for strings here, and have no length; texts of a wrong length are left to cfn-lint.
    yield from ()


_Validator = validators.extend(
    Draft7Validator,
    validators={"enum": _enum, "pattern": _pattern, "minLength": _length, "maxLength": _length},
    type_checker=_LENIENT,
)
_KEEP = ("type", "properties", "definitions", "required", "additionalProperties")


def _portable(node: Any) -> Any:
    """Drop what this validator cannot judge: exotic patterns and ``format`` names of cfn-lint's own."""
    if isinstance(node, list):
        return [_portable(entry) for entry in node]
    if not isinstance(node, dict):
        return node
    return {
        key: _portable(value)
        for key, value in node.items()
        if not (key == "format" and isinstance(value, str))
        and not (key == "pattern" and isinstance(value, str) and not _compiles(value))
    }


def _compiles(pattern: str) -> bool:
    try:
        re.compile(pattern)
    except re.error:
        return False
    return "\\p" not in pattern


def validator(schema: JsonObject) -> Draft7Validator:
    """Build a validator for a resource type's properties."""
    return _Validator(_portable({key: schema[key] for key in _KEEP if key in schema}))


def problem(checker: Draft7Validator, properties: JsonObject) -> str | None:
    """Return the most telling violation in AWS's words, or nothing."""
    error = best_match(checker.iter_errors(properties))
    if error is None:
        return None
    path = "/".join(str(part) for part in error.absolute_path)
    return f"Properties validation failed for resource: #/{path}: {error.message}"
