# ruff: noqa: INP001 - a script, no package: it may import what bots must not
"""How long `chess-stacks` takes, and what it adds to the time that AWS takes.

Synthesis and linting are measured as whole commands, as a person waits for them, and as processor time, which other
programs on the machine do not change. The overhead of `deploy` is measured against the emulator: the same templates are
created by bare boto3 calls, one stack after another, and by the command line, one at a time and four at a time; also
for the first three and the first seven stacks alone, so that growth shows.

    make bench-stacks            # prints a table; --json FILE writes the numbers, --runs N repeats
"""

import argparse
import contextlib
import itertools
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import boto3

from chess_localcluster.machine.polling import wait_until
from chess_localcluster.machine.ports import free_port
from chess_stacks.parts import registry

ROOT = Path(__file__).parents[2]
COMMAND = str(ROOT / ".venv" / "bin" / "chess-stacks")
LIMITS = {"synth": 2.0, "lint": 20.0}
"""Seconds that the project allows for all stacks of prod."""
SMALLER = ("hackathon", "dev")
"""Profiles that show how synthesis and linting grow up to prod."""
PARTS = (3, 7)
"""The first 3 and the first 7 stacks of prod show how a deployment grows up to all of them."""
CREATION_SECONDS, START_SECONDS = 300.0, 90.0
"""Deadlines for the creation of one stack, and for the emulator's start."""


@dataclass(frozen=True)
class CommandTime:
    """One timed command."""

    wall: float
    processor: float


@dataclass(frozen=True)
class Row:
    """One line of the table: medians over the runs."""

    what: str
    size: str
    wall: float
    processor: float
    limit: float | None = None
    over: float | None = None
    """Wall time of the bare calls that this row does the same as."""


def _count(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) <= 100:  # noqa: PLR2004 - stands in the message
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1 to 100")
    return int(text)


def main() -> int:
    """Measure everything, print a table, and fail where a limit is passed in processor time."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--runs", type=_count, default=5)
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
            for profile in (*SMALLER, "prod"):
                many = runs if verb == "synth" else (3 if profile == "prod" else 1)
                samples = [
                    _timed(lambda v=verb, p=profile, e=extra: _command(v, *e, profile=p)) for _ in range(many)
                ]
                limit = LIMITS[verb] if profile == "prod" else None
                yield _row(f"chess-stacks {verb}, {profile}", _size(_manifest(profile)), samples, limit=limit)


def _overhead(runs: int) -> Iterator[Row]:
    accounts = itertools.count(1)
    with tempfile.TemporaryDirectory() as folder, _emulator() as address:
        _command("synth", "--out", folder)
        stacks = _manifest("prod")
        for count in (*PARTS, len(stacks)):
            part = stacks[:count]
            bare = [
                _timed(lambda p=part: _bare(address, Path(folder), next(accounts), p)) for _ in range(runs)
            ]
            first = _row("bare boto3: create one after another", _size(part), bare)
            yield first
            for parallel in (1, 4) if count == len(stacks) else (4,):
                own = [
                    _timed(lambda p=part, n=parallel: _deploy(address, next(accounts), n, p))
                    for _ in range(runs)
                ]
                yield _row(f"chess-stacks deploy --parallel {parallel}", _size(part), own, over=first.wall)
        settled = next(accounts)
        _deploy(address, settled, 4, stacks)
        again = [_timed(lambda: _deploy(address, settled, 4, stacks)) for _ in range(runs)]
        yield _row("chess-stacks deploy, nothing to change", _size(stacks), again, over=first.wall)


def _manifest(profile: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(_command("synth", profile=profile))["stacks"]
    return found


def _size(stacks: list[dict[str, Any]]) -> str:
    return f"{len(stacks)} stacks, {sum(entry['resources'] for entry in stacks)} resources"


def _timed(work: Callable[[], object]) -> CommandTime:
    before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    own = time.process_time()
    work()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    children = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return CommandTime(wall=time.perf_counter() - begun, processor=children + time.process_time() - own)


def _row(
    what: str, size: str, timings: list[CommandTime], limit: float | None = None, over: float | None = None
) -> Row:
    return Row(
        what=what,
        size=size,
        wall=statistics.median(timing.wall for timing in timings),
        processor=statistics.median(timing.processor for timing in timings),
        limit=limit,
        over=over,
    )


def _command(*arguments: str, profile: str = "prod", **environment: str) -> str:
    line = [COMMAND, *arguments, "--profile", profile, "--output", "json"]
    done = subprocess.run(
        line, env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise SystemExit(
            f"{' '.join(line)} ended with {done.returncode}:\n{done.stdout[-2000:]}{done.stderr[-2000:]}"
        )
    return done.stdout


def _deploy(address: str, account: int, parallel: int, stacks: list[dict[str, Any]]) -> None:
    keys = {"AWS_ACCESS_KEY_ID": f"{account:012d}", "AWS_SECRET_ACCESS_KEY": "none"}
    chosen = [argument for entry in stacks for argument in ("--stack", entry["key"])]
    _command("deploy", "--endpoint-url", address, "--parallel", str(parallel), *chosen, **keys)


def _bare(address: str, folder: Path, account: int, stacks: list[dict[str, Any]]) -> None:
    """Create the same templates by the fewest calls: create, poll, read the outputs."""
    session = boto3.Session(aws_access_key_id=f"{account:012d}", aws_secret_access_key="none")  # noqa: S106 - the emulator takes any
    outputs: dict[str, dict[str, str]] = {}
    for entry in stacks:
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
    found = dict[str, Any]()

    def ended() -> bool:
        found.update(client.describe_stacks(StackName=name)["Stacks"][0])
        return not found["StackStatus"].endswith("_IN_PROGRESS")

    wait_until(ended, CREATION_SECONDS)
    if found["StackStatus"] != "CREATE_COMPLETE":
        raise SystemExit(f"{name} ended as {found['StackStatus']}: {found.get('StackStatusReason')}")
    return {item["OutputKey"]: item["OutputValue"] for item in found.get("Outputs", ())}


@contextlib.contextmanager
def _emulator() -> Iterator[str]:
    port = free_port()
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
    wait_until(lambda: server.poll() is not None or _answers(health), START_SECONDS)
    if server.poll() is not None or not _answers(health):
        raise SystemExit("the emulator did not start; run `make aws-tools`")


def _answers(health: str) -> bool:
    try:
        urllib.request.urlopen(health, timeout=2).close()  # noqa: S310 - our own, on loopback
    except OSError:
        return False
    return True


def _print(rows: list[Row]) -> None:
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    print(f"{os.cpu_count()} cores, load {load}; medians\n")
    print(f"{'what':<40} {'size':<26} {'wall s':>7} {'cpu s':>7} {'limit':>6}  over the bare calls")
    for row in rows:
        limit = f"{row.limit:.0f} s" if row.limit else ""
        over = f"{row.wall - row.over:+.2f} s, {row.wall / row.over:.1f} times" if row.over else ""
        print(f"{row.what:<40} {row.size:<26} {row.wall:>7.2f} {row.processor:>7.2f} {limit:>6}  {over}")


if __name__ == "__main__":
    sys.exit(main())
