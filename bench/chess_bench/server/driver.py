"""Gives orders to a load process, from the process that runs the bench."""

import json
import subprocess
import sys
from types import TracebackType
from typing import Any, Self

from chess_bench.server.subjects import SubjectError

END_SECONDS = 20.0


class Driver:
    """A load process (`load` or `echo`) that works against one server."""

    def __init__(self, module: str, *arguments: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", f"chess_bench.server.{module}", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process.stdin:
            self._process.stdin.close()
        try:
            self._process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdout:
            self._process.stdout.close()

    def order(self, do: str, **values: Any) -> dict[str, Any]:
        """Give one order and wait for its answer; raises SubjectError where the server failed it."""
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin and stdout  # noqa: S101, PT018 - pipes were asked for
        print(json.dumps({"do": do, **values}), file=stdin, flush=True)
        line = stdout.readline()
        answer: dict[str, Any] = json.loads(line) if line else {"error": "the load process ended"}
        if "error" in answer:
            raise SubjectError(f"{do}: {answer['error']}")
        return answer
