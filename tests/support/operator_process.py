"""Operator processes, and what they log."""

import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

END_SECONDS = 90.0
"""Long enough for a whole start on a busy machine: some end because of what they were started with."""


@dataclass(kw_only=True)
class Process:
    """An operator process."""

    popen: subprocess.Popen[bytes]
    log: Path

    @property
    def port(self) -> int | None:
        return next((line["port"] for line in self.lines() if line.get("event") == "listening"), None)

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.log.read_text().splitlines() if line.startswith("{")]

    def leads(self) -> bool:
        return any(line.get("event") == "leading" for line in self.lines())

    def leads_or_ended(self) -> bool:
        return self.leads() or self.popen.poll() is not None

    def get(self, path: str) -> tuple[int, str]:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=2) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        self.popen.send_signal(number)
        return self.ended()

    def ended(self) -> int:
        """Wait until it has ended; one that does not says where it stands, and is no more."""
        try:
            return self.popen.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            self.popen.send_signal(signal.SIGABRT)
            self.popen.wait()
            pytest.fail(f"not ended after {END_SECONDS} s:\n{self.log.read_text()}")


def start_operator(kubeconfig: Path, directory: Path, *flags: str) -> Process:
    log = directory / f"operator-{uuid.uuid4().hex[:6]}.log"
    command = [sys.executable, "-m", "chess_operator", "run", "--probe-address=127.0.0.1:0"]
    environment = {**os.environ, "KUBECONFIG": str(kubeconfig), "PYTHONFAULTHANDLER": "1"}
    with log.open("wb") as output:
        popen = subprocess.Popen([*command, *flags], stderr=output, stdout=output, env=environment)
    return Process(popen=popen, log=log)
