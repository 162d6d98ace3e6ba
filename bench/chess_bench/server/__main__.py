"""`python -m chess_bench.server`: what the server costs, beside its peers and the version before.

Everything is measured in one run on this machine, in rounds, and every sample is kept in `out/server.json`. What cannot
be measured here is `null`, with the reason under `skipped`. All that it starts ends with it.
"""

import json
import signal
import sys
from pathlib import Path

from chess_bench.bots import games
from chess_bench.console.screen import Screen
from chess_bench.server import chaos, page, rounds
from chess_bench.server.lines import lines
from chess_bench.server.measure import Bench
from chess_bench.server.plan import Plan, read
from chess_bench.server.proc import allow_many_sockets
from chess_bench.server.stores import stores
from chess_bench.server.subjects import OUT

LINES = 24
FAILED, STOPPED = 1, 130
MODES = {
    "cost": (rounds.cost, page.render),
    "growth": (rounds.growth, page.growth),
    "reconnects": (rounds.reconnects, page.reconnects),
}
"""How each mode measures, and what it shows."""


def _measure(mode: str, plan: Plan, screen: Screen) -> int:
    with stores() as both:
        run = rounds.Run(Bench(both, plan, _written_lines(plan)), screen)
        measure, render = MODES[mode]
        measure(run)
        found = run.document()
    _write(plan.out, json.dumps(found, indent=1) + "\n")
    text = render(found)
    screen.print(f"{plan.out}\n\n{text}")
    if plan.page:
        _write(plan.page, page.put(plan.page.read_text(encoding="utf-8"), mode, text))
    return 0 if run.samples else FAILED


def _written_lines(plan: Plan) -> Path:
    """Make the games once for all load processes."""
    openings = [game.moves for game in games.load(games.BUNDLED).games]
    path = OUT / "server-lines.json"
    _write(path, json.dumps(lines(openings, LINES, plan.plies)))
    return path


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def main() -> int:
    """Run the mode that was asked for."""
    mode, plan = read(sys.argv[1:])
    allow_many_sockets()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ends what was started, as Ctrl-C does
    with Screen() as screen:
        try:
            return chaos.main(plan, screen) if mode == "chaos" else _measure(mode, plan, screen)
        except KeyboardInterrupt:
            screen.print("stopped; left: nothing", "red")
            return STOPPED


if __name__ == "__main__":
    sys.exit(main())
