"""The stack DAG as SVG, laid out in columns by depth: pure, without Graphviz.

A stack stands one column right of the last stack it waits for. Edges that a longer path implies are left out, because
with bootstrap before everything nobody would see the others; hovering an edge names the outputs that flow along it. An
edge over several columns has a row of its own in those between, so that it never passes behind a stack that it does not
end at; rows are in the order of what they come from, which keeps crossings few.
"""

from collections.abc import Mapping
from html import escape
from itertools import pairwise
from statistics import fmean
from typing import Final

from chess_stacks.synth.synthesis import Assembly, Entry

_WIDTH, _HEIGHT, _GAP_X, _GAP_Y, _MARGIN = 176, 52, 64, 20, 24
_STYLE: Final = (
    "text{font:13px system-ui,sans-serif;fill:#1b2733}.sub{font-size:11px;fill:#5b6b7b}"
    "rect{fill:#f4f7fa;stroke:#8899a8;rx:6}.global rect{fill:#fdf3e1;stroke:#c99a3c}"
    "path{fill:none;stroke:#8899a8;stroke-width:1.4}path:hover{stroke:#c0392b;stroke-width:2.4}"
    "marker path{fill:#8899a8;stroke:none}"
)
_ARROW: Final = (
    '<defs><marker id="end" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" markerHeight="8" orient="auto">'
    '<path d="M0 0 8 4 0 8z"/></marker></defs>'
)

Place = tuple[int, int]
"""Column and row."""
Edge = tuple[str, str]
"""The stack that is waited for, and the one that waits."""


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


def layout(needs: Mapping[str, frozenset[str]]) -> tuple[dict[str, Place], dict[Edge, list[Place]]]:
    """Place every stack, and the bends of every edge in the columns between its ends."""
    columns = depths(needs)
    edges = [(need, key) for key, above in essential(needs).items() for need in sorted(above)]
    stacks: dict[str, Place] = {}
    bends: dict[Edge, list[Place]] = {edge: [] for edge in edges}
    for column in range(max(columns.values(), default=-1) + 1):
        passing = [edge for edge in edges if columns[edge[0]] < column < columns[edge[1]]]
        standing = [key for key, depth in columns.items() if depth == column]
        arriving = {key: [edge for edge in edges if edge[1] == key] for key in standing}
        rank: dict[str | Edge, float] = {edge: _row_before(edge, stacks, bends) for edge in passing}
        rank |= {
            key: fmean([_row_before(edge, stacks, bends) for edge in found] or [0])
            for key, found in arriving.items()
        }
        for row, item in enumerate(sorted(rank, key=lambda item: rank[item])):
            if isinstance(item, str):
                stacks[item] = (column, row)
            else:
                bends[item].append((column, row))
    return stacks, bends


def _row_before(edge: Edge, stacks: Mapping[str, Place], bends: Mapping[Edge, list[Place]]) -> int:
    return (bends[edge] or [stacks[edge[0]]])[-1][1]


def draw(assembly: Assembly) -> str:
    """Draw the assembly's DAG."""
    needs = {entry.key: frozenset(entry.depends_on) for entry in assembly.manifest}
    places, bends = layout(needs)
    everywhere = [
        _corner(place) for place in (*places.values(), *(bend for found in bends.values() for bend in found))
    ]
    width = max(x for x, _ in everywhere) + _WIDTH + _MARGIN
    height = max(y for _, y in everywhere) + _HEIGHT + _MARGIN
    entries = {entry.key: entry for entry in assembly.manifest}
    edges = [
        _edge(entries[key], need, [places[need], *found, places[key]]) for (need, key), found in bends.items()
    ]
    boxes = [_box(entries[key], _corner(place), assembly.profile.region) for key, place in places.items()]
    size = f'width="{width}" height="{height}"'
    title = f"Stacks of {assembly.profile.env}"
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" {size} role="img">',
            f"<title>{escape(title)}</title><style>{_STYLE}</style>{_ARROW}",
            '<rect width="100%" height="100%" style="fill:#fff;stroke:none"/>',
            *edges,
            *boxes,
            "</svg>",
        ]
    )


def _corner(place: Place) -> Place:
    column, row = place
    return _MARGIN + column * (_WIDTH + _GAP_X), _MARGIN + row * (_HEIGHT + _GAP_Y)


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


def _edge(entry: Entry, need: str, stops: list[Place]) -> str:
    """Draw a line from the right of the first stop to the left of the last, straight through those between."""
    flows = ", ".join(given.output for given in entry.inputs if given.stack == need) or "order only"
    corners = [_corner(stop) for stop in stops]
    y = corners[0][1] + _HEIGHT // 2
    line = f"M{corners[0][0] + _WIDTH} {y}"
    for (x1, y1), (x2, y2) in pairwise(corners):
        start, end = (x1 + _WIDTH, y1 + _HEIGHT // 2), (x2, y2 + _HEIGHT // 2)
        half = _GAP_X // 2
        line += f" H{start[0]} C{start[0] + half} {start[1]} {end[0] - half} {end[1]} {end[0]} {end[1]}"
    return f'<path marker-end="url(#end)" d="{line}"><title>{escape(f"{need} → {entry.key}: {flows}")}</title></path>'
