"""The stack DAG as SVG, laid out in columns by depth: pure, without Graphviz.

A stack stands one column right of the last stack it waits for. Edges that a longer path implies are left out, because
with bootstrap before everything nobody would see the others; hovering an edge names the outputs that flow along it.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chess_stacks.synth import Assembly, Entry

_WIDTH, _HEIGHT, _GAP_X, _GAP_Y, _MARGIN = 176, 52, 64, 20, 24
_STYLE: Final = (
    "text{font:13px system-ui,sans-serif;fill:#1b2733}.sub{font-size:11px;fill:#5b6b7b}"
    "rect{fill:#f4f7fa;stroke:#8899a8;rx:6}.global rect{fill:#fdf3e1;stroke:#c99a3c}"
    "path{fill:none;stroke:#8899a8;stroke-width:1.4}path:hover{stroke:#c0392b;stroke-width:2.4}"
)

Place = tuple[int, int]


def depths(needs: Mapping[str, frozenset[str]]) -> dict[str, int]:
    """Return how many stacks must be there before each, one after another."""
    found: dict[str, int] = {}
    for key in needs:  # in DAG order, so what it needs is known
        found[key] = max((found[need] + 1 for need in needs[key]), default=0)
    return found


def essential(needs: Mapping[str, frozenset[str]]) -> dict[str, frozenset[str]]:
    """Leave out every edge that a longer path implies."""
    above: dict[str, frozenset[str]] = {}
    for key in needs:
        above[key] = needs[key].union(*(above[need] for need in needs[key]))
    return {
        key: frozenset(n for n in needs[key] if not any(n in above[o] for o in needs[key])) for key in needs
    }


def draw(assembly: Assembly) -> str:
    """Draw the assembly's DAG."""
    needs = {entry.key: frozenset(entry.depends_on) for entry in assembly.manifest}
    places = _places(depths(needs))
    width = max(x for x, _ in places.values()) + _WIDTH + _MARGIN
    height = max(y for _, y in places.values()) + _HEIGHT + _MARGIN
    entries = {entry.key: entry for entry in assembly.manifest}
    edges = [
        _edge(entries[key], need, places[need], places[key])
        for key, above in essential(needs).items()
        for need in sorted(above)
    ]
    boxes = [_box(entries[key], place, assembly.profile.region) for key, place in places.items()]
    size = f'width="{width}" height="{height}"'
    title = f"Stacks of {assembly.profile.env}"
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" {size} role="img">',
            f"<title>{escape(title)}</title><style>{_STYLE}</style>",
            '<rect width="100%" height="100%" style="fill:#fff;stroke:none"/>',
            *edges,
            *boxes,
            "</svg>",
        ]
    )


def _places(columns: Mapping[str, int]) -> dict[str, Place]:
    rows: dict[int, int] = {}
    found: dict[str, Place] = {}
    for key, column in columns.items():
        row = rows.get(column, 0)
        rows[column] = row + 1
        found[key] = (_MARGIN + column * (_WIDTH + _GAP_X), _MARGIN + row * (_HEIGHT + _GAP_Y))
    return found


def _box(entry: Entry, place: Place, home: str) -> str:
    x, y = place
    kind = ' class="global"' if entry.region != home else ""
    plural = "resource" if entry.resources == 1 else "resources"
    where = f"{entry.resources} {plural}" + (f" · {entry.region}" if entry.region != home else "")
    return (
        f'<g{kind}><title>{escape(entry.title)}</title><rect x="{x}" y="{y}" width="{_WIDTH}" height="{_HEIGHT}"/>'
        f'<text x="{x + 12}" y="{y + 22}">{escape(entry.key)}</text>'
        f'<text class="sub" x="{x + 12}" y="{y + 40}">{escape(where)}</text></g>'
    )


def _edge(entry: Entry, need: str, start: Place, end: Place) -> str:
    x1, y1, x2, y2 = start[0] + _WIDTH, start[1] + _HEIGHT // 2, end[0], end[1] + _HEIGHT // 2
    middle = x1 + _GAP_X // 2
    flows = ", ".join(given.output for given in entry.inputs if given.stack == need) or "order only"
    return (
        f'<path d="M{x1} {y1} C{middle} {y1} {x2 - _GAP_X // 2} {y2} {x2} {y2}">'
        f"<title>{escape(f'{need} → {entry.key}: {flows}')}</title></path>"
    )
