"""The page shows what a run found, and changes its own part alone."""

from chess_bench.server import page
from chess_bench.server.figures import ANEW, CURRENT, ECHO, HUNDRED, MOVE, SAME, STARTING, Sample, document

ABOUT = {
    "commit": "1" * 40,
    "starting_commit": "2" * 40,
    "cores": 2,
    "rounds": 2,
    "rate": 600.0,
    "ack_rate": 300.0,
    "skipped": {"Node ws": "node is not installed"},
}
SAMPLES = [
    Sample(round=number, subject=subject, measure=MOVE, values={"cpu_ms": cpu_ms, "moves_per_second": 599.6})
    for number in range(2)
    for subject, cpu_ms in ((STARTING, 1.0), (CURRENT, 0.4 + number / 10), (HUNDRED, 0.9))
]
ECHOED = Sample(round=0, subject="aiohttp", measure=ECHO, values={"cpu_us": 21.3, "p99_ms": 1.25})


def test_a_row_has_both_versions_and_their_ratio() -> None:
    text = page.render(document([*SAMPLES, ECHOED], ABOUT))
    assert (
        "| server CPU a move at 600/s, ms | 1.00 (1.00 to 1.00) | 0.45 (0.40 to 0.50) | 0.45 (0.40 to 0.50) |"
        in text
    )
    assert "| an idle socket, KiB | - | - | - |" in text
    assert "| aiohttp | 21.3 (21.3 to 21.3) | 1.25 (1.25 to 1.25) |" in text
    assert "the starting commit 600, this version 600, the 100 lines 600." in text
    assert "Left out: Node ws: node is not installed" in text


def test_growth_has_a_row_a_sample() -> None:
    values = {"cpu_ms": 0.5, "ack_p99_ms": 12.0, "player_kib": 8.25}
    grown = Sample(round=0, subject=CURRENT, measure="growth_2000", values=values)
    assert "| 2000 | current | 0.50 | 12 | 8.2 |" in page.growth(document([grown], ABOUT))


def test_players_who_came_back_have_a_row_a_figure() -> None:
    returned = [
        Sample(
            round=0,
            subject=subject,
            measure=measure,
            values={"players": 2000, "first_p50_ms": p50, "missing": 0},
        )
        for measure, subject, p50 in (
            (SAME, STARTING, 2000.0),
            (SAME, CURRENT, 500.0),
            (ANEW, CURRENT, 700.0),
        )
    ]
    text = page.reconnects(document(returned, ABOUT))
    assert "2 rounds, 2000 players" in text
    assert (
        "| to their server: first message, p50, ms | 2000 (2000 to 2000) | 500 (500 to 500) | 0.25 (0.25 to 0.25) |"
        in text
    )
    assert "| to one that knows no game: first message, p50, ms | - | 700 (700 to 700) | - |" in text
    assert "| to one that knows no game: players who did not get in | - | 0.00 (0.00 to 0.00) | - |" in text


def test_a_part_of_the_page_is_replaced_between_its_marks() -> None:
    before = "a\n<!-- cost: written by make bench-server -->\nold\n<!-- cost: end -->\nb\n"
    once = page.put(before, "cost", r"new \1")
    assert once == "a\n<!-- cost: written by make bench-server -->\n\nnew \\1\n\n<!-- cost: end -->\nb\n"
    assert page.put(once, "cost", r"new \1") == once
    assert page.put(once, "growth", "other") == once
