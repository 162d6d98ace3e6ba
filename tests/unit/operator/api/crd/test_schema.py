"""The schema is valid for a CustomResourceDefinition: structural, and bounded everywhere."""

from collections.abc import Iterator
from typing import Annotated, Any, ClassVar, Literal

import pytest
from pydantic import Field

from chess_operator.api.crd.definition import definition
from chess_operator.api.crd.schema import structural
from chess_operator.api.model.rules import Model, Rule

ROOT = definition()["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
ALLOWED = {
    "additionalProperties", "default", "description", "enum", "format", "items", "maximum", "maxItems", "maxLength",
    "maxProperties", "minimum", "minItems", "minLength", "pattern", "properties", "required", "type",
}  # fmt: skip


def below(schema: dict[str, Any], path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    yield path, schema
    for name, field in schema.get("properties", {}).items():
        yield from below(field, f"{path}.{name}")
    for key in ("items", "additionalProperties"):
        if key in schema:
            yield from below(schema[key], f"{path}[]")


PARTS = [pair for part in ("spec", "status") for pair in below(ROOT["properties"][part], part)]


@pytest.mark.parametrize("path, schema", PARTS, ids=[path for path, _ in PARTS])
def test_every_part_is_structural_and_bounded(path: str, schema: dict[str, Any]) -> None:
    extra = {key for key in schema if key not in ALLOWED and not key.startswith("x-kubernetes-")}
    assert not extra, "no $ref, anyOf, const, title or exclusiveMinimum"
    if schema.get("x-kubernetes-int-or-string"):
        assert "maxLength" in schema
        assert "type" not in schema
        return
    match schema["type"]:
        case "string":
            assert "maxLength" in schema or "enum" in schema or schema.get("format") == "date-time"
        case "array":
            assert "maxItems" in schema
            assert "x-kubernetes-list-type" in schema
        case "object" if "additionalProperties" in schema:
            assert "maxProperties" in schema
        case "integer":
            assert "minimum" in schema


class Leaf(Model):
    """A leaf."""

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule("self.low <= 9", lambda leaf: leaf.low <= 9, 'low {low} is over 100% of "9"', "low"),
        Rule("true", lambda _: True, "plain"),
    )

    low: Annotated[int, Field(gt=0)] = 3
    kind: Literal["only"] | None = None


class Tree(Model):
    """A tree."""

    leaf: Leaf = Field(default=Leaf(), description="The one.")
    leaves: Annotated[tuple[Leaf, ...], Field(max_length=2)] = ()
    names: Annotated[dict[str, str], Field(max_length=2)] = Field(default_factory=dict)
    other: Leaf | None = None


def test_conversion() -> None:
    leaf = {
        "type": "object",
        "properties": {
            "low": {"type": "integer", "minimum": 1, "default": 3},
            "kind": {"type": "string", "enum": ["only"]},
        },
        "x-kubernetes-validations": [
            {
                "rule": "self.low <= 9",
                "reason": "FieldValueInvalid",
                "messageExpression": '"low %s is over 100%% of \\"9\\"".format([self.low])',
                "fieldPath": ".low",
            },
            {"rule": "true", "reason": "FieldValueInvalid", "message": "plain"},
        ],
    }
    assert structural(Tree) == {
        "type": "object",
        "description": "A tree.",
        "properties": {
            "leaf": {**leaf, "description": "The one.", "default": {"low": 3}},
            "leaves": {
                "type": "array",
                "maxItems": 2,
                "items": {**leaf, "description": "A leaf."},
                "x-kubernetes-list-type": "atomic",
            },
            "names": {"type": "object", "maxProperties": 2, "additionalProperties": {"type": "string"}},
            "other": {**leaf, "description": "A leaf."},
        },
    }


def test_both_checkers_give_the_same_words() -> None:
    with pytest.raises(ValueError, match='low 12 is over 100% of "9"'):
        Leaf(low=12)
