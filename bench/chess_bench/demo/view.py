"""The figures that the screen shows while the demo runs. Pure."""

from dataclasses import dataclass

from chess_bench.bots.ledger import Counts


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """The figures of one moment."""

    counts: Counts
    census: int | None
    wanted: int | None
    replicas: int
    ready: int
    draining: int
    reaction_seconds: float | None
    moves_per_second: float
    scale_outs: int
    scale_ins: int

    def pairs(self) -> tuple[tuple[str, str], ...]:
        """Return label and value, in the order in which they are shown."""
        counts = self.counts
        reaction = "-" if self.reaction_seconds is None else f"{self.reaction_seconds * 1000:.0f} ms"
        return (
            ("players", f"{counts.players - counts.left}"),
            ("playing", f"{counts.playing}"),
            ("connections", f"{counts.connections}"),
            ("census", known(self.census)),
            ("wanted", known(self.wanted)),
            ("replicas", f"{self.replicas}"),
            ("ready", f"{self.ready}"),
            ("draining", f"{self.draining}"),
            ("out/in", f"{self.scale_outs}/{self.scale_ins}"),
            ("reaction", reaction),
            ("games", f"{counts.games}"),
            ("moves/s", f"{self.moves_per_second:.0f}"),
            ("handovers", f"{counts.handovers}"),
            ("dropped", f"{counts.dropped}"),
            ("lost", f"{counts.lost}"),
        )


def known(figure: int | None) -> str:
    """Show a figure; unknown is not 0."""
    return "-" if figure is None else f"{figure}"
