"""What every part of the spec is built on: the model class and its cross-field rules.

A `Rule` is written once and checked twice: as CEL in the CRD, by the API server, and as a Python predicate, by the
operator, for objects that were stored before the rule existed.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, model_validator
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

_PLACEHOLDER = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True)
class Rule:
    """What must hold between the fields of one object.

    `message` may name fields of that object in braces; both checkers fill in their values.
    """

    cel: str
    """Without escapes: a regular expression is written as it is."""
    holds: Callable[[Any], bool]
    message: str
    field: str | None = None
    """The field to blame (camelCase); the object itself otherwise."""

    def explain(self, values: BaseModel) -> str:
        """Fill the message with this object's values."""
        wire = values.model_dump(by_alias=True)
        return _PLACEHOLDER.sub(lambda match: str(wire[match[1]]), self.message)

    def message_expression(self) -> str | None:
        """Write the message as a CEL expression, where it names values."""
        names = _PLACEHOLDER.findall(self.message)
        if not names:
            return None
        # format, not string() and +: the API server estimates the cost of those without bounds.
        text = json.dumps(_PLACEHOLDER.sub("%s", self.message.replace("%", "%%")))
        return f"{text}.format([{', '.join(f'self.{name}' for name in names)}])"


class Model(BaseModel):
    """A part of the spec: immutable, camelCase on the wire, unknown fields refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True)

    rules: ClassVar[tuple[Rule, ...]] = ()

    @model_validator(mode="after")
    def _obey_rules(self) -> Self:
        for rule in self.rules:
            if not rule.holds(self):
                raise PydanticCustomError("rule", "{message}", {"message": rule.explain(self)})
        return self
