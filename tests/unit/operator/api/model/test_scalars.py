"""Quantities mean what Kubernetes means by them."""

from decimal import Decimal

import pytest

from chess_operator.api.model.scalars import amount
from chess_operator.api.model.scaling import fraction
from chess_operator.api.model.server import Resources


@pytest.mark.parametrize(
    "text, number",
    [
        ("0", "0"), ("2", "2"), ("500m", "0.5"), ("0.5", "0.5"), (".5", "0.5"), ("100n", "0.0000001"),
        ("3u", "0.000003"), ("1k", "1000"), ("2M", "2000000"), ("1Ki", "1024"), ("128Mi", "134217728"),
        ("1E", "1000000000000000000"),
        ("1e3", "1000"), ("1E3", "1000"), ("12e-1", "1.2"), ("1.5Gi", "1610612736"),
    ],
)  # fmt: skip
def test_amount(text: str, number: str) -> None:
    assert amount(text) == Decimal(number)


@pytest.mark.parametrize("text", ["", "12 bananas", "-1", "1mm", "m", "1.2.3", "0x10", "1KI"])
def test_what_is_no_quantity_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="cpu"):
        Resources.model_validate({"requests": {"cpu": text}})


@pytest.mark.parametrize(
    "request_, limit, good", [("1", "1000m", True), (2, "1", False), ("1Gi", "1G", False), ("1", None, True)]
)
def test_requests_are_within_limits(request_: object, limit: object, good: bool) -> None:  # noqa: FBT001 - a table's column
    raw = {"requests": {"memory": request_}, "limits": {"memory": limit}}
    if good:
        Resources.model_validate(raw)
        return
    with pytest.raises(ValueError, match=r"requests\.memory must be at most limits\.memory"):
        Resources.model_validate(raw)


@pytest.mark.parametrize("tolerance, number", [(None, "0.1"), ("0", "0"), ("50m", "0.05"), ("1", "1")])
def test_tolerance(tolerance: str | None, number: str) -> None:
    assert fraction(tolerance) == Decimal(number)
