"""kubectl as a subprocess: every way in that works for the user (exec plugins, proxies, contexts) works for a run."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from typing import Any

RESTART_SECONDS = 0.2
LINE_LIMIT = 4 * 1024 * 1024  # a watch event is one line


class KubectlError(RuntimeError):
    """kubectl failed; the message quotes its last lines."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kubectl:
    """kubectl with the options that reach one cluster."""

    program: str
    options: tuple[str, ...] = ()

    async def run(self, *arguments: str, stdin: str | None = None, timeout_seconds: float = 60) -> str:
        """Run one command and return what it printed."""
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
            lines = complaints.decode(errors="replace").strip().splitlines() or ["failed without a message"]
            raise KubectlError(f"kubectl {' '.join(arguments[:3])}: {'; '.join(lines[-3:])[:600]}")
        return out.decode()

    async def get(self, path: str) -> dict[str, Any]:
        """Read one object or list by its API path."""
        answer: dict[str, Any] = json.loads(await self.run("get", "--raw", path))
        return answer

    async def apply(self, *objects: dict[str, Any]) -> None:
        """Apply objects, server-side."""
        arguments = ("apply", "--server-side", "--field-manager=chess-demo", "-f", "-")
        await self.run(*arguments, stdin=as_list(objects))

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
            assert process.stdout  # noqa: S101 - PIPE was given
            async for line in process.stdout:
                yield json.loads(line)
        finally:
            await _end(process)


def as_list(objects: Iterable[dict[str, Any]]) -> str:
    """Return one document with all objects: not every version of kubectl takes a stream of JSON documents."""
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": list(objects)})


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
