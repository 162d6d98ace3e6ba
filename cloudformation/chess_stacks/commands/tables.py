"""How graded changes look, on a terminal and as JSON."""

from collections.abc import Iterable
from typing import Any

from rich.markup import escape
from rich.table import Table

from chess_stacks.commands.report import plain
from chess_stacks.deploy.grading import Grade, GradedChange
from chess_stacks.deploy.templates import Difference

COLOURS = {
    Grade.NONE: "green",
    Grade.INTERRUPT: "yellow",
    Grade.REPLACE: "magenta",
    Grade.DATA_LOSS: "bold red",
}


def changes_table(changes: Iterable[GradedChange], differences: Iterable[Difference]) -> Table:
    """Return one row for each changing property, with values where the templates have them."""
    table = Table(box=None, pad_edge=False)
    for heading in ("grade", "action", "resource", "property", "before → after", "why"):
        table.add_column(heading, overflow="fold")
    values = {(item.logical_id, item.path.split(".")[0]): item for item in differences}
    for graded in changes:
        change = graded.change
        resource = f"{change.logical_id} ({change.resource_type})"
        first = [_label(graded.grade), change.action.lower(), resource]
        for row in _rows(graded, values) or [("", "", graded.reason)]:
            table.add_row(*first, *row)
            first = ["", "", ""]
    return table


def other_differences(differences: Iterable[Difference]) -> list[str]:
    """Return a line for each difference outside resources, which change sets do not show."""
    return [
        f"{item.section.lower()} {item.logical_id} {item.path}: {_side(item.before)} → {_side(item.after)}"
        for item in differences
        if item.section != "Resources"
    ]


def change_document(graded: GradedChange) -> dict[str, Any]:
    """Return one graded change for machines."""
    change = graded.change
    return {
        "action": change.action,
        "logical_id": change.logical_id,
        "type": change.resource_type,
        "physical_id": change.physical_id,
        "grade": graded.grade.label,
        "reason": graded.reason,
        "properties": [
            {
                "attribute": prop.detail.attribute,
                "name": prop.detail.name,
                "grade": prop.grade.label,
                "certain": prop.certain,
                "cause": prop.detail.cause,
            }
            for prop in graded.properties
        ],
    }


def difference_documents(differences: Iterable[Difference]) -> Any:
    """Return template differences for machines."""
    return plain(list(differences))


def _rows(graded: GradedChange, values: dict[tuple[str, str], Difference]) -> list[tuple[str, str, str]]:
    rows: dict[str, tuple[str, str, str]] = {}
    for prop in graded.properties:
        name = prop.detail.name or prop.detail.attribute
        found = values.get((graded.change.logical_id, prop.detail.name or f"@{prop.detail.attribute}"))
        shown = f"{_side(found.before)} → {_side(found.after)}" if found else ""
        cause = f"{_label(prop.grade)} by {prop.detail.cause}" if prop.detail.cause else _label(prop.grade)
        rows.setdefault(name, (name, escape(shown), cause))
    return list(rows.values())


def _side(value: str | None) -> str:
    return "—" if value is None else value


def _label(grade: Grade) -> str:
    return f"[{COLOURS[grade]}]{grade.label}[/]"
