"""What the kernel shows of a process."""

from chess_localcluster.processes import process


def test_a_process_name_may_hold_brackets_and_blanks() -> None:
    fields = ["S", "1", *["0"] * 17, "4242"]
    assert process.parse_stat(f"17 (a) b (c)) {' '.join(fields)}") == fields
