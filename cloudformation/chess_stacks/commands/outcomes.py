"""What became of every stack: the report of `deploy` and of `destroy`."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from chess_stacks.account import failure
from chess_stacks.account.failure import ERROR, OK, REFUSED
from chess_stacks.commands import tables
from chess_stacks.commands.report import plain
from chess_stacks.deploy.outcome import Outcome
from chess_stacks.destroy.leftovers import Leftover


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcomes:
    """What became of every stack."""

    outcomes: tuple[Outcome, ...]
    left: tuple[Leftover, ...] = ()
    unseen: tuple[str, ...] = ()

    @property
    def exit_code(self) -> int:
        """Return 3 where the only trouble was a refusal, 1 for any other."""
        verdicts = {outcome.verdict for outcome in self.outcomes if not outcome.good}
        if not verdicts:
            return OK
        return REFUSED if verdicts <= {"refused", "waiting"} and "refused" in verdicts else ERROR

    def document(self) -> dict[str, Any]:
        """Return every outcome, and what is left."""
        return {
            "ok": self.exit_code == OK,
            "stacks": [_document(outcome) for outcome in self.outcomes],
            "leftovers": plain(self.left),
            "not_looked_at": list(self.unseen),
        }

    def render(self, console: Console) -> None:
        """Print one row per stack, then what is left."""
        console.print(_table(self.outcomes))
        kept = [f"{outcome.name}: {line}" for outcome in self.outcomes for line in outcome.kept]
        for title, lines in (
            ("kept on purpose", kept),
            ("still in the account", [str(item) for item in self.left]),
            ("could not be checked", list(self.unseen)),
        ):
            if lines:
                console.print(f"\n[bold]{title}[/]")
                for line in lines:
                    console.print(f"  {line}", soft_wrap=True, markup=False)


def _table(outcomes: Iterable[Outcome]) -> Table:
    """Print one row per stack."""
    table = Table(box=None, pad_edge=False)
    for heading in ("stack", "result", "status", "seconds", "changes", "reason"):
        table.add_column(heading, overflow="fold", justify="right" if heading == "seconds" else "left")
    for outcome in outcomes:
        reason = failure.redact(". ".join(part for part in (outcome.reason, outcome.advice) if part))
        count = str(len(outcome.changes)) if outcome.changes else ""
        table.add_row(
            outcome.name, outcome.verdict, outcome.status, f"{outcome.seconds:.1f}", count, escape(reason)
        )
    return table


def _document(outcome: Outcome) -> dict[str, Any]:
    """Return a stack's end for machines."""
    return {
        "stack": outcome.key,
        "name": outcome.name,
        "result": outcome.verdict,
        "status": outcome.status,
        "seconds": round(outcome.seconds, 3),
        "reason": failure.redact(outcome.reason),
        "advice": outcome.advice,
        "changes": [tables.change_document(graded) for graded in outcome.changes],
        "resources": [
            {
                "logical_id": span.logical_id,
                "type": span.resource_type,
                "status": span.status,
                "seconds": span.seconds,
                "reason": failure.redact(span.reason),
            }
            for span in outcome.spans
        ],
        "kept": list(outcome.kept),
    }
