"""The AWS emulator, started once, and the command line that talks to it.

Each test has an account of its own (ministack takes a twelve-digit access key for the account), so that tests share the
server and nothing else.
"""

import itertools
import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import pytest
import yaml
from polling import wait_until

from chess_localcluster.machine.ports import free_port
from chess_stacks import cli
from chess_stacks.parts import registry

ROOT = Path(__file__).parents[3]
PYTHON = ROOT / ".venv-emulator" / "bin" / "python"
SERVE = ROOT / "tests" / "aws" / "emulator" / "serve.py"
READY_WITHIN = 90
_accounts = itertools.count(1)


@pytest.fixture(scope="session")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Start the emulator on a free port of loopback; return its address."""
    if not PYTHON.exists():
        pytest.fail("the emulator is not installed: run `make aws-tools`")
    port = free_port()
    log = tmp_path_factory.mktemp("emulator") / "log"
    environment = {**os.environ, "TMPDIR": str(log.parent)}
    command = [
        str(PYTHON),
        str(SERVE),
        "--schemas",
        str(registry.data_folder() / "schemas"),
        "--port",
        str(port),
    ]
    with log.open("w") as sink:
        server = subprocess.Popen(command, stdout=sink, stderr=sink, env=environment)
    address = f"http://127.0.0.1:{port}"
    try:
        _await(address, server, log)
        yield address
    finally:
        server.terminate()
        server.wait(timeout=60)


@dataclass(frozen=True)
class Result:
    """What one command did."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        return json.loads(self.out)


@dataclass
class CommandLine:
    """`chess-stacks` in one account, through its own argument parser."""

    address: str
    account: str
    folder: Path
    capture: pytest.CaptureFixture[str]
    patch: pytest.MonkeyPatch
    files: Iterator[int] = field(default_factory=itertools.count)

    def run(self, *arguments: str, overlay: dict[str, Any] | None = None) -> Result:
        extra = ["--overlay", str(self._write(overlay))] if overlay else []
        self.patch.setattr(sys, "argv", ["chess-stacks", "--endpoint-url", self.address, *arguments, *extra])
        self.capture.readouterr()
        with pytest.raises(SystemExit) as ended:
            cli.main()
        out, err = self.capture.readouterr()
        assert "Traceback" not in err
        return Result(code=int(ended.value.code or 0), out=out, err=err)

    def client(self, service: str, region: str = "us-east-1") -> Any:
        # A session of its own: boto3's default one keeps the first account's credentials.
        return boto3.Session().client(service, region_name=region, endpoint_url=self.address)

    def statuses(self) -> dict[str, str]:
        stacks = self.client("cloudformation").describe_stacks()["Stacks"]
        return {stack["StackName"]: stack["StackStatus"] for stack in stacks}

    def _write(self, overlay: dict[str, Any]) -> Path:
        path = self.folder / f"overlay-{next(self.files)}.yaml"
        path.write_text(yaml.safe_dump(overlay), encoding="utf-8")
        return path


@pytest.fixture
def chess(
    emulator: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> CommandLine:
    """Return the command line, in a new and empty account."""
    account = f"{next(_accounts):012d}"
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", account)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "none")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    return CommandLine(address=emulator, account=account, folder=tmp_path, capture=capsys, patch=monkeypatch)


def _await(address: str, server: subprocess.Popen[bytes], log: Path) -> None:
    def ready() -> bool:
        if server.poll() is not None:
            pytest.fail(f"the emulator ended at once:\n{log.read_text()}")
        urllib.request.urlopen(f"{address}/_ministack/health", timeout=2).close()  # noqa: S310 - our own, on loopback
        return True

    wait_until(
        ready, lambda: f"the emulator is ready:\n{log.read_text()}", within=READY_WITHIN, ignoring=(OSError,)
    )
