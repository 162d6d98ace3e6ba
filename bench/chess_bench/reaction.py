"""`python -m chess_bench.reaction`: the time from a client's handshake to the patch of replicas that it causes.

The ChessCluster wants one connection per replica, so that each client makes another replica necessary. A sample is
measured on this process's clock: from the end of the handshake with a real server pod until its watch has read the
Deployment with more replicas. Every sample goes to `out/reaction.json`. Exits with 1 if p95 is not under a second.

It ends whatever it started, also on Ctrl-C and SIGTERM, unless KEEP=1.
"""

import asyncio
import json
import os
import random
import sys
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass
from pathlib import Path

from chess_bench.bots.effects import Close, Open
from chess_bench.bots.ledger import percentile
from chess_bench.bots.sockets import Sockets
from chess_bench.cluster import objects, setup, targets
from chess_bench.cluster.kubectl import Kubectl, KubectlError
from chess_bench.cluster.targets import TargetError
from chess_bench.console import runner
from chess_bench.console.screen import Screen
from chess_bench.console.stages import Stages
from chess_bench.settings import Settings, SettingsError, read, refuse_arguments

NAMESPACE, CLUSTER = "chess-reaction", "reaction"
CHANGES_PER_ROUND = 5
LIMIT_SECONDS = 1.0
DEADLINE_SECONDS = 60.0  # for any single wait: replicas that do not follow end the run
OUT = Path("out/reaction.json")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One change."""

    before: int
    after: int
    seconds: float


class IdleClient:
    """A connection that sends nothing."""

    def __init__(self) -> None:
        self.handshake: asyncio.Future[float] = asyncio.get_running_loop().create_future()

    def opened(self, _socket: int) -> None:
        """Note the moment."""
        self.handshake.set_result(asyncio.get_running_loop().time())

    def refused(self, _socket: int, _retry_after: float | None) -> None:
        """Give up: no handshake should be refused here."""
        self.handshake.set_exception(TargetError("a handshake was refused"))

    def received(self, _socket: int, _text: str) -> None:
        """Ignore it."""

    def closed(self, socket: int, code: int | None) -> None:
        """Ignore it: a drain closes this client, because it does not hand over."""


class ReplicasWatch:
    """The Deployment's replicas by a watch, and when they changed last."""

    def __init__(self) -> None:
        self.replicas, self.ready, self.at = 0, 0, 0.0
        self._changed = asyncio.Condition()

    async def follow(self, kubectl: Kubectl) -> None:
        """Watch until cancelled."""
        path = f"/apis/apps/v1/namespaces/{NAMESPACE}/deployments"
        async for event in kubectl.watch(path, f"{objects.CLUSTER}={CLUSTER}"):
            now = asyncio.get_running_loop().time()
            found = event["object"]["items"] if event["type"] == "LISTED" else [event["object"]]
            async with self._changed:
                for item in found:
                    if item["spec"]["replicas"] != self.replicas:
                        self.replicas, self.at = item["spec"]["replicas"], now
                    self.ready = item.get("status", {}).get("readyReplicas", 0)
                self._changed.notify_all()

    async def until(self, replicas: int, *, ready: bool) -> float:
        """Wait for that many replicas; return when the watch reported them."""
        async with asyncio.timeout(DEADLINE_SECONDS), self._changed:
            await self._changed.wait_for(
                lambda: self.replicas == replicas and (not ready or self.ready == replicas)
            )
            return self.at


async def measure(entry: tuple[str, int], kubectl: Kubectl, stages: Stages, changes: int) -> list[Sample]:
    """Scale up and down until there are that many samples, in whole rounds."""
    deployment, samples = ReplicasWatch(), list[Sample]()
    watch = asyncio.create_task(deployment.follow(kubectl))
    sockets = Sockets(*entry, lambda _open: None)
    try:
        while len(samples) < changes:
            await deployment.until(1, ready=True)
            samples += await _one_round(sockets, deployment)
            stages.screen.print(
                f"{len(samples)} changes, p95 {percentile([s.seconds for s in samples], 0.95):.3f} s"
            )
    finally:
        watch.cancel()
        await sockets.drain()
    return samples


async def _one_round(sockets: Sockets, deployment: ReplicasWatch) -> list[Sample]:
    samples = list[Sample]()
    for count in range(1, CHANGES_PER_ROUND + 2):
        await asyncio.sleep(random.uniform(0.3, 1.5))  # any phase of the heartbeat
        client, number = IdleClient(), random.getrandbits(40)
        sockets.carry_out(client, [Open(number, f"/lobby/socket?sri=react-{number:012d}")])
        began = await asyncio.wait_for(client.handshake, DEADLINE_SECONDS)
        if count > 1:
            seen = await deployment.until(count, ready=False)
            samples.append(Sample(before=count - 1, after=count, seconds=seen - began))
        await deployment.until(count, ready=True)
    sockets.carry_out(IdleClient(), [Close(number) for number in sockets.numbers])
    return samples


def _report(samples: Sequence[Sample], stages: Stages) -> int:
    seconds = [sample.seconds for sample in samples]
    p50, p95 = percentile(seconds, 0.50) or 0.0, percentile(seconds, 0.95) or 0.0
    good = p95 < LIMIT_SECONDS
    OUT.parent.mkdir(parents=True, exist_ok=True)
    figures = {
        "ok": good,
        "changes": len(samples),
        "p50_seconds": round(p50, 4),
        "p95_seconds": round(p95, 4),
        "max_seconds": round(max(seconds), 4),
        "cores": os.cpu_count(),
        "samples": [{**asdict(sample), "seconds": round(sample.seconds, 4)} for sample in samples],
        "stages_seconds": {name: round(value, 2) for name, value in stages.seconds.items()},
    }
    OUT.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    verdict = "under" if good else "FAILED: not under"
    stages.screen.print(
        f"{len(samples)} changes: p50 {p50:.3f} s, p95 {p95:.3f} s, {verdict} {LIMIT_SECONDS:.0f} s; {OUT}",
        "bold",
    )
    return 0 if good else 1


async def _run(settings: Settings, stages: Stages) -> int:
    scaling = objects.brisk_scaling(minimum=1, maximum=CHANGES_PER_ROUND + 1, target=1, settle_seconds=0)
    async with AsyncExitStack() as stack:
        target = await stack.enter_async_context(setup.cluster(stages, settings.existing, keep=settings.keep))
        await stack.enter_async_context(setup.operator(stages, target, keep=settings.keep))
        manifest = objects.chess_cluster(
            NAMESPACE,
            CLUSTER,
            target.image,
            scaling=scaling,
            drain={"deadlineSeconds": 3, "reconnectWindowSeconds": 0},
        )
        await stack.enter_async_context(setup.chess_cluster(stages, target, manifest, keep=settings.keep))
        entry = await targets.entry(target, NAMESPACE, settings.entry)
        with stages.stage("measurement"):
            samples = await measure(entry, target.kubectl, stages, settings.changes)
        return _report(samples, stages)


async def _bounded(settings: Settings, stages: Stages) -> int:
    try:
        return await _run(settings, stages)
    except TimeoutError as error:
        raise TargetError(str(error) or "the replicas did not follow within a minute") from error


def main() -> int:
    """Run the benchmark."""
    refuse_arguments("chess_bench.reaction", __doc__)
    try:
        settings = read(os.environ)
    except SettingsError as error:
        print(f"reaction: {error}", file=sys.stderr)
        return 2
    with Screen() as screen:
        stages = Stages(screen)
        return runner.run(stages, _bounded(settings, stages), (KubectlError, TargetError))


if __name__ == "__main__":
    sys.exit(main())
