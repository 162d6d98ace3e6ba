"""The page of figures, from a run's document. Pure."""

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

ROWS: Sequence[tuple[str, str, str, str, str]] = (
    (
        "server CPU a move at {rate:g}/s",
        "ms",
        "move_cpu_ms_of_start",
        "move_cpu_ms",
        "move_cpu_ratio_to_start",
    ),
    (
        "the same, past move 150",
        "ms",
        "move_cpu_ms_of_start_past_move_150",
        "move_cpu_ms_past_move_150",
        "move_cpu_ratio_to_start_past_move_150",
    ),
    (
        "acknowledgement at {ack_rate:g}/s, p99",
        "ms",
        "ack_p99_ms_at_300_of_start",
        "ack_p99_ms_at_300",
        "ack_p99_ratio_to_start_at_300",
    ),
    ("an idle socket", "KiB", "idle_kib_of_start", "idle_kib", "idle_ratio_to_start"),
    ("a player", "KiB", "player_kib_of_start", "player_kib", "player_ratio_to_start"),
    ("server CPU a pairing", "ms", "pairing_cpu_ms_of_start", "pairing_cpu_ms", "pairing_cpu_ratio_to_start"),
)
RETURNS = (("returned", "to their server"), ("returned_anew", "to one that knows no game"))
RETURNED = (
    ("first_p50_ms", "first message, p50, ms"),
    ("first_p99_ms", "first message, p99, ms"),
    ("return_cpu_ms", "server CPU a player, ms"),
    ("missing", "players who did not get in"),
)


def render(found: Mapping[str, Any]) -> str:
    """Return the tables of a cost run."""
    spread = found["spread"]
    what = f"Commit `{found['commit'][:12]}`, {found['cores']} cores, {found['rounds']} rounds."
    head = f"{what} Medians, with the lowest and highest value."
    rows = [
        f"| {what.format(**found)}, {unit} | {' | '.join(_cell(spread.get(name)) for name in columns)} |"
        for what, unit, *columns in ROWS
    ]
    versions = _table(
        ("", f"starting commit `{found['starting_commit'][:12]}`", "this version", "ratio"), rows
    )
    return "\n\n".join([head, versions, _kept_up(spread), *_peers(found), *_skipped(found)])


def growth(found: Mapping[str, Any]) -> str:
    """Return the table of a growth run."""
    rows = [
        f"| {one['measure'].removeprefix('growth_')} | {one['subject']} | {one['values']['cpu_ms']:.2f} "
        f"| {one['values'].get('ack_p99_ms', math.inf):.0f} | {one['values']['player_kib']:.1f} |"
        for one in found["samples"]
    ]
    head = f"Commit `{found['commit'][:12]}`, {found['cores']} cores; {found['ack_rate']:g} moves a second throughout."
    return "\n\n".join(
        [
            head,
            _table(("connections", "version", "CPU a move, ms", "ack p99, ms", "a player, KiB"), rows),
            *_skipped(found),
        ]
    )


def reconnects(found: Mapping[str, Any]) -> str:
    """Return the table of players who came back at once."""
    spread = found["spread"]
    rows = [
        f"| {where}: {what} | "
        + " | ".join(
            _cell(spread.get(f"{measure}_{key}{end}")) for end in ("_of_start", "", "_ratio_to_start")
        )
        + " |"
        for measure, where in RETURNS
        for key, what in RETURNED
    ]
    players = max((one["values"]["players"] for one in found["samples"]), default=0)
    head = f"Commit `{found['commit'][:12]}`, {found['cores']} cores, {found['rounds']} rounds, {players} players."
    heads = ("", f"starting commit `{found['starting_commit'][:12]}`", "this version", "ratio")
    return "\n\n".join([head, _table(heads, rows), *_skipped(found)])


def put(whole: str, mode: str, text: str) -> str:
    """Replace a mode's part of a page, which is between two marks."""
    begin, end = f"<!-- {mode}: written by make bench-server -->", f"<!-- {mode}: end -->"
    part = re.compile(rf"{re.escape(begin)}.*?{re.escape(end)}", re.DOTALL)
    return part.sub(lambda _: f"{begin}\n\n{text}\n\n{end}", whole)


def _kept_up(spread: Mapping[str, Any]) -> str:
    """Say how many of the moves that were due were made: who falls behind pays less for each, in bigger batches."""
    names = {"_of_start": "the starting commit", "": "this version", "_of_hundred_lines": "the 100 lines"}
    kept = (
        f"{name} {spread[key]['median']:.0f}"
        for end, name in names.items()
        if (key := f"moves_per_second{end}") in spread
    )
    return f"Moves a second, of those due at the higher rate: {', '.join(kept)}."


def _peers(found: Mapping[str, Any]) -> list[str]:
    parts: list[str] = []
    spread = found["spread"]
    if "move_cpu_ms_of_hundred_lines" in spread:
        row = (
            f"| FastAPI, redis-py, psycopg in about 100 lines | {_cell(spread['move_cpu_ms_of_hundred_lines'])} "
            f"| {_cell(spread.get('ack_p99_ms_at_300_of_hundred_lines'))} "
            f"| {_cell(spread.get('move_cpu_ratio_to_hundred_lines'))} |"
        )
        parts.append(
            _table(
                (
                    "a committed, relayed move",
                    "CPU, ms",
                    f"ack p99 at {found['ack_rate']:g}/s, ms",
                    "this version's ratio to it",
                ),
                [row],
            )
        )
    if found["echo"]:
        rows = [
            f"| {name} | {_cell(kinds.get('cpu_us'))} | {_cell(kinds.get('p99_ms'))} |"
            for name, kinds in found["echo"].items()
        ]
        parts.append(_table(("the same echo, 58 bytes", "CPU, µs", "p99, ms"), rows))
    return parts


def _skipped(found: Mapping[str, Any]) -> list[str]:
    return [f"Left out: {name}: {reason}" for name, reason in found["skipped"].items()]


def _table(heads: Sequence[str], rows: Sequence[str]) -> str:
    return "\n".join([f"| {' | '.join(heads)} |", f"|{' --- |' * len(heads)}", *rows])


def _cell(figure: Mapping[str, float] | None) -> str:
    if figure is None:
        return "-"
    median, low, high = (_number(figure[key]) for key in ("median", "low", "high"))
    return f"{median} ({low} to {high})"


def _number(value: float) -> str:
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"  # noqa: PLR2004 - digits
