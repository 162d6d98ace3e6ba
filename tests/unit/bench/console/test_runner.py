"""Ctrl-C, once or impatiently: the run cleans up or says what is left, and shows nobody a traceback."""

import signal
import subprocess
import sys
import time

import pytest

PROGRAM = """
import asyncio, sys
from chess_bench.console import runner
from chess_bench.console.screen import Screen
from chess_bench.console.stages import Stages

async def work(stages):
    stages.started("a cluster")
    try:
        print("begun", flush=True)
        await asyncio.sleep(60)
    finally:
        await asyncio.sleep(0.3)
        stages.ended("a cluster")
    return 0

with Screen() as screen:
    stages = Stages(screen)
    code = runner.run(stages, work(stages), ())
sys.exit(code)
"""


def interrupted(*pauses: float) -> tuple[int, str]:
    """Press Ctrl-C after each pause; return the exit code and all that was printed."""
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        assert process.stdout
        assert process.stdout.readline() == "begun\n"
        for pause in pauses:
            time.sleep(pause)
            process.send_signal(signal.SIGINT)
        return process.wait(60), process.stdout.read()


def test_one_is_waited_for() -> None:
    code, text = interrupted(0.1)
    assert code == 130
    assert "stopped; left: nothing" in text


def test_a_second_one_says_what_is_left() -> None:
    code, text = interrupted(0.1, 0.1)
    assert code == 130
    assert "stopped; left: a cluster" in text


@pytest.mark.parametrize("pauses", [[0.05] * 12, [0.002] * 200, [0.31, *[0.005] * 60]], ids=len)
def test_whoever_goes_on_pressing_sees_no_traceback(pauses: list[float]) -> None:
    code, text = interrupted(*pauses)
    assert code == 130
    assert "Traceback" not in text
    assert "stopped; left: " in text
