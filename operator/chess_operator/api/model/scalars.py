"""Scalar types of the spec: names, quantities, percentages. All are bounded, or CEL rules would cost too much."""

from decimal import Decimal
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, StringConstraints, WithJsonSchema

# A quantity as Kubernetes writes it, but without a sign: nothing here can be negative.
QUANTITY = r"^([0-9]{1,15}(\.[0-9]{0,9})?|\.[0-9]{1,9})([KMGTPE]i|[numkMGTPE]|[eE][+-]?[0-9]{1,2})?$"
PERCENT = r"^(0|[1-9][0-9]?)%$"

_DECIMAL = zip("numkMGTPE", (-9, -6, -3, 3, 6, 9, 12, 15, 18), strict=True)
_FACTORS = {suffix: Decimal(10) ** power for suffix, power in _DECIMAL} | {
    f"{prefix}i": Decimal(1024) ** power for power, prefix in enumerate("KMGTPE", 1)
}
_LABEL = r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?"
_NAME = r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?"


def amount(quantity: str) -> Decimal:
    """Read a quantity as a number."""
    for suffix in (quantity[-2:], quantity[-1:]):
        if suffix in _FACTORS:
            return Decimal(quantity.removesuffix(suffix)) * _FACTORS[suffix]
    return Decimal(quantity)


def _as_text(value: Any) -> Any:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


ObjectName = Annotated[
    str, StringConstraints(min_length=1, max_length=253, pattern=rf"^{_LABEL}(\.{_LABEL})*$")
]
LabelKey = Annotated[str, StringConstraints(max_length=317, pattern=rf"^([a-z0-9.-]{{1,253}}/)?{_NAME}$")]
LabelValue = Annotated[str, StringConstraints(max_length=63, pattern=rf"^({_NAME})?$")]
SecretKey = Annotated[str, StringConstraints(min_length=1, max_length=253, pattern=r"^[-._a-zA-Z0-9]+$")]
Image = Annotated[str, StringConstraints(min_length=1, max_length=512, pattern=r"^\S+$")]

Quantity = Annotated[
    str,
    BeforeValidator(_as_text),
    StringConstraints(max_length=32, pattern=QUANTITY),
    WithJsonSchema({"x-kubernetes-int-or-string": True, "maxLength": 32}),
]
"""An amount such as 500m, 2 or 128Mi; YAML's plain integers are accepted too."""

IntOrPercent = Annotated[
    int | Annotated[str, StringConstraints(max_length=4)],
    WithJsonSchema({"x-kubernetes-int-or-string": True, "maxLength": 4}),
]
"""Kubernetes' IntOrString. Which numbers and percentages are valid is a rule of the object that holds it."""

Replicas = Annotated[int, Field(ge=0, le=1000)]
