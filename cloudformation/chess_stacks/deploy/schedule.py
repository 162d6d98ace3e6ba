"""Run a DAG of jobs, independent ones at once, and return what became of each.

The order is decided here and nowhere else: `JobQueue` is pure; `run` is the thread pool around it. After the first
failure nothing new begins, and what runs may finish.
"""

import signal
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Generic, TypeVar

T = TypeVar("T")
_TICK_SECONDS = 0.2
"""Between looks at the keyboard."""


@dataclass(slots=True)
class JobQueue(Generic[T]):
    """Which jobs are done, and which may begin."""

    needs: Mapping[str, frozenset[str]]
    done: dict[str, T] = field(default_factory=dict)
    begun: set[str] = field(default_factory=set)
    stopped: bool = False

    def ready(self) -> list[str]:
        """Name the jobs that may begin now, in the order of the graph."""
        if self.stopped:
            return []
        return [
            key for key, needs in self.needs.items() if key not in self.begun and needs <= self.done.keys()
        ]


def run(
    needs: Mapping[str, frozenset[str]],
    work: Callable[[str], T],
    succeeded: Callable[[T], bool],
    *,
    parallel: int,
    interrupted: Callable[[], None] = lambda: None,
) -> dict[str, T]:
    """Do every job after those it needs; return the results of all that began.

    On Ctrl-C nothing new begins, and `interrupted` is called, again and again, to hurry those that run.
    """
    queue: JobQueue[T] = JobQueue(needs)
    with _ctrl_c() as pressed, ThreadPoolExecutor(max_workers=parallel, thread_name_prefix="stack") as pool:
        running: dict[Future[T], str] = {}
        while True:
            if pressed:
                queue.stopped = True
                interrupted()
            for key in queue.ready():
                queue.begun.add(key)
                running[pool.submit(work, key)] = key
            if not running:
                return queue.done
            finished, _ = wait(running, timeout=_TICK_SECONDS, return_when=FIRST_COMPLETED)
            for future in finished:
                key = running.pop(future)
                queue.done[key] = future.result()
                queue.stopped |= not succeeded(queue.done[key])


@contextmanager
def _ctrl_c() -> Iterator[Sequence[int]]:
    """Note Ctrl-C where it would otherwise be raised between any two lines, and jobs that began would be forgotten.

    Python gives signals to the main thread alone, so any other has nothing to note. The same holds where whoever
    started the program wants Ctrl-C ignored, as a shell does for what it runs in the background.
    """
    pressed: list[int] = []
    before = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or before is signal.SIG_IGN:
        yield pressed
        return
    signal.signal(signal.SIGINT, lambda number, _: pressed.append(number))
    try:
        yield pressed
    finally:
        signal.signal(signal.SIGINT, before)


def reverse(needs: Mapping[str, frozenset[str]]) -> dict[str, frozenset[str]]:
    """Turn the DAG round: who must be gone before each can go."""
    return {key: frozenset(other for other in needs if key in needs[other]) for key in reversed(list(needs))}


def subset(needs: Mapping[str, frozenset[str]], keys: frozenset[str]) -> dict[str, frozenset[str]]:
    """Keep only `keys`, in order, with the needs between them."""
    return {key: frozenset(needs[key] & keys) for key in needs if key in keys}
