"""The stack DAG as a Mermaid flowchart, which GitHub draws in Markdown. Pure.

An arrow names the outputs that flow along it; it is dotted where there are none, and only the order counts. Arrows that
a longer path implies are left out: with bootstrap before everything, they would hide the others.
"""

from collections.abc import Iterator, Mapping

from chess_stacks.synth.synthesis import Assembly, Entry

_GLOBAL = "fill:#fdf3e1,stroke:#c99a3c,color:#1b2733"


def essential(needs: Mapping[str, frozenset[str]]) -> dict[str, frozenset[str]]:
    """Leave out every edge that a longer path implies."""
    above: dict[str, frozenset[str]] = {}
    for key in needs:  # in DAG order, so what it needs is known
        above[key] = needs[key].union(*(above[need] for need in needs[key]))
    return {
        key: frozenset(n for n in needs[key] if not any(n in above[o] for o in needs[key])) for key in needs
    }


def draw(assembly: Assembly) -> str:
    """Return the flowchart, without the Markdown fence around it."""
    return "\n".join(_lines(assembly)) + "\n"


def _lines(assembly: Assembly) -> Iterator[str]:
    entries = {entry.key: entry for entry in assembly.manifest}
    yield "flowchart LR"
    for entry in entries.values():
        yield f"    {_node(entry, assembly.profile.region)}"
    needs = {key: frozenset(entry.depends_on) for key, entry in entries.items()}
    for key, above in essential(needs).items():
        for need in sorted(above):
            yield f"    {need} {_arrow(entries[key], need)} {key}"
    yield f"    classDef global {_GLOBAL}"


def _node(entry: Entry, home: str) -> str:
    elsewhere = entry.region != home
    plural = "resource" if entry.resources == 1 else "resources"
    where = f" · {entry.region}" if elsewhere else ""
    label = f"{entry.key}<br/>{entry.resources} {plural}{where}"
    return f'{entry.key}["{label}"]{":::global" if elsewhere else ""}'


def _arrow(entry: Entry, need: str) -> str:
    flows = [given.output for given in entry.inputs if given.stack == need]
    return f'-->|"{"<br/>".join(flows)}"|' if flows else "-.->"
