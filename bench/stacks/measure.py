# ruff: noqa: INP001 (a script, no package: it may import what bots must not)
"""How long `chess-stacks` takes, and what it adds to the time that AWS takes.

Synthesis and linting are measured as whole commands, as a person waits for them, and as processor time, which other
programs on the machine do not change. The overhead of `deploy` is measured against the emulator: the same templates are
created by bare boto3 calls, one stack after another, and by the command line, one at a time and four at a time.

    make bench-stacks            # prints a table; --json FILE writes the numbers, --runs N repeats
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import resource
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3

from chess_stacks import registry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).parents[2]
COMMAND = str(ROOT / ".venv" / "bin" / "chess-stacks")
LIMITS = {"synth": 2.0, "lint": 20.0}
"""Seconds that the project allows for all stacks of prod."""


@dataclass(frozen=True)
class Sample:
    """One timed command."""

    wall: float
    processor: float


@dataclass(frozen=True)
class Row:
    """One line of the table: medians over the runs."""

    what: str
    wall: float
    processor: float
    limit: float | None = None


def main() -> int:
    """Measure everything, print a table, and fail where a limit is passed in processor time."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--runs", type=int, default=5)
    arguments.add_argument("--json", type=Path, default=None)
    chosen = arguments.parse_args()
    rows = [*_offline(chosen.runs), *_overhead(chosen.runs)]
    _print(rows)
    if chosen.json:
        chosen.json.write_text(json.dumps([asdict(row) for row in rows], indent=2) + "\n")
    return 1 if any(row.limit is not None and row.processor > row.limit for row in rows) else 0


def _offline(runs: int) -> Iterator[Row]:
    with tempfile.TemporaryDirectory() as folder:
        for verb, extra in (("synth", ["--out", folder]), ("lint", [])):
            samples = [
                _timed(lambda v=verb, e=extra: _command(v, *e)) for _ in range(runs if verb == "synth" else 3)
            ]
            yield _row(f"chess-stacks {verb}, every stack of prod", samples, LIMITS[verb])


def _overhead(runs: int) -> Iterator[Row]:
    with tempfile.TemporaryDirectory() as folder, _emulator() as address:
        _command("synth", "--out", folder)
        bare = [_timed(lambda n=n: _bare(address, Path(folder), n)) for n in range(runs)]
        yield _row("bare boto3: create every stack, one after another", bare)
        for parallel in (1, 4):
            own = [
                _timed(lambda n=n, p=parallel: _deploy(address, p * 1000 + n, p)) for n in range(1, runs + 1)
            ]
            yield _row(f"chess-stacks deploy --parallel {parallel}", own)
        again = [_timed(lambda: _deploy(address, 1001, 4)) for _ in range(runs)]
        yield _row("chess-stacks deploy, nothing to change", again)


def _timed(work: Callable[[], object]) -> Sample:
    before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    own = time.process_time()
    work()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    children = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Sample(wall=time.perf_counter() - begun, processor=children + time.process_time() - own)


def _row(what: str, samples: list[Sample], limit: float | None = None) -> Row:
    return Row(
        what=what,
        wall=statistics.median(sample.wall for sample in samples),
        processor=statistics.median(sample.processor for sample in samples),
        limit=limit,
    )


def _command(*arguments: str, **environment: str) -> None:
    line = [COMMAND, *arguments, "--profile", "prod", "--output", "json"]
    done = subprocess.run(
        line, env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise SystemExit(
            f"{' '.join(line)} ended with {done.returncode}:\n{done.stdout[-2000:]}{done.stderr[-2000:]}"
        )


def _deploy(address: str, account: int, parallel: int) -> None:
    keys = {"AWS_ACCESS_KEY_ID": f"{account:012d}", "AWS_SECRET_ACCESS_KEY": "none"}
    _command("deploy", "--endpoint-url", address, "--parallel", str(parallel), **keys)


def _bare(address: str, folder: Path, account: int) -> None:
    """Create the same templates by the fewest calls: create, poll, read the outputs."""
    session = boto3.Session(aws_access_key_id=f"{account + 900:012d}", aws_secret_access_key="none")  # noqa: S106 (the emulator takes any)
    outputs: dict[str, dict[str, str]] = {}
    for entry in json.loads((folder / "manifest.json").read_text())["stacks"]:
        client = session.client("cloudformation", region_name=entry["region"], endpoint_url=address)
        parameters = [
            {"ParameterKey": given["parameter"], "ParameterValue": outputs[given["stack"]][given["output"]]}
            for given in entry["inputs"]
        ]
        body = json.dumps(json.loads((folder / f"{entry['name']}.json").read_text()), separators=(",", ":"))
        client.create_stack(
            StackName=entry["name"],
            TemplateBody=body,
            Parameters=parameters,
            Capabilities=["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"],
        )
        outputs[entry["key"]] = _created(client, entry["name"])


def _created(client: Any, name: str) -> dict[str, str]:
    while True:
        (found,) = client.describe_stacks(StackName=name)["Stacks"]
        if found["StackStatus"] == "CREATE_COMPLETE":
            return {item["OutputKey"]: item["OutputValue"] for item in found.get("Outputs", ())}
        if not found["StackStatus"].endswith("_IN_PROGRESS"):
            raise SystemExit(f"{name} ended as {found['StackStatus']}: {found.get('StackStatusReason')}")
        time.sleep(0.02)


@contextlib.contextmanager
def _emulator() -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    python, serve = ROOT / ".venv-emulator/bin/python", ROOT / "tests/aws/emulator/serve.py"
    schemas = registry.data_folder() / "schemas"
    server = subprocess.Popen(
        [str(python), str(serve), "--schemas", str(schemas), "--port", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    address = f"http://127.0.0.1:{port}"
    try:
        _await(f"{address}/_ministack/health", server)
        yield address
    finally:
        server.terminate()
        server.wait(timeout=20)


def _await(health: str, server: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 90
    while time.monotonic() < until and server.poll() is None:
        try:
            urllib.request.urlopen(health, timeout=2).close()  # noqa: S310 (our own, on loopback)
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise SystemExit("the emulator did not start: run `make aws-tools`")


def _print(rows: list[Row]) -> None:
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    print(f"{os.cpu_count()} cores, load {load}; medians\n")
    print(f"{'what':<52} {'wall s':>8} {'cpu s':>8} {'limit':>8}")
    for row in rows:
        limit = f"{row.limit:.0f} s" if row.limit else ""
        print(f"{row.what:<52} {row.wall:>8.2f} {row.processor:>8.2f} {limit:>8}")
    bare = next(row.wall for row in rows if row.what.startswith("bare"))
    for row in rows:
        if row.what.startswith("chess-stacks deploy"):
            print(f"{row.what}: {row.wall / bare:.2f} times the bare calls, {row.wall - bare:+.2f} s")


if __name__ == "__main__":
    sys.exit(main())
