"""kubectl as a subprocess: whatever reaches the user's cluster for the user reaches it for the demo."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

RESTART_SECONDS = 0.2
LINE_LIMIT = 4 * 1024 * 1024  # a watch event is one line


class KubectlError(RuntimeError):
    """kubectl said no; the message is its own last line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kubectl:
    """One cluster, as one kubeconfig or context reaches it."""

    program: str
    options: tuple[str, ...] = ()

    async def run(self, *arguments: str, stdin: str | None = None, timeout_seconds: float = 60) -> str:
        """Run one command and give back what it printed."""
        process = await asyncio.create_subprocess_exec(
            self.program, *self.options, *arguments,
            stdin=asyncio.subprocess.PIPE if stdin is not None else asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        try:
            async with asyncio.timeout(timeout_seconds):
                out, complaints = await process.communicate(stdin.encode() if stdin is not None else None)
        except TimeoutError:
            raise KubectlError(f"kubectl {arguments[0]}: no answer within {timeout_seconds:.0f} s") from None
        finally:
            await _end(process)
        if process.returncode:
            lines = complaints.decode(errors="replace").strip().splitlines() or ["failed without a word"]
            raise KubectlError(f"kubectl {' '.join(arguments[:3])}: {'; '.join(lines[-3:])[:600]}")
        return out.decode()

    async def get(self, path: str) -> dict[str, Any]:
        """Read one object or list by its API path."""
        answer: dict[str, Any] = json.loads(await self.run("get", "--raw", path))
        return answer

    async def apply(self, *objects: dict[str, Any]) -> None:
        """Apply objects, server-side."""
        manifest = "\n---\n".join(json.dumps(item) for item in objects)
        await self.run("apply", "--server-side", "--field-manager=chess-demo", "-f", "-", stdin=manifest)

    async def watch(self, path: str, selector: str = "") -> AsyncIterator[dict[str, Any]]:
        """Yield watch events forever; each (re)start begins with one LISTED event, which holds the present list."""
        chosen = f"&labelSelector={selector}" if selector else ""
        while True:
            listing = await self.get(f"{path}?{chosen.lstrip('&')}" if chosen else path)
            yield {"type": "LISTED", "object": listing}
            version = listing["metadata"]["resourceVersion"]
            async for event in self._stream(f"{path}?watch=1{chosen}&resourceVersion={version}"):
                if event["type"] == "ERROR":
                    break
                yield event
            await asyncio.sleep(RESTART_SECONDS)

    async def _stream(self, path: str) -> AsyncIterator[dict[str, Any]]:
        process = await asyncio.create_subprocess_exec(
            self.program, *self.options, "get", "--raw", path,
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
            limit=LINE_LIMIT,
        )  # fmt: skip
        try:
            assert process.stdout  # noqa: S101, it was asked for
            async for line in process.stdout:
                yield json.loads(line)
        finally:
            await _end(process)


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
