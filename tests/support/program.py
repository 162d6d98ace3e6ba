"""Programs that users run, as a test runs them."""

import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

PROJECT = Path(__file__).parents[2]
TIMEOUT_SECONDS = 240


class _Loader(yaml.SafeLoader):
    """Refuses a key that is there twice, as Kubernetes' tools do where they look."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:  # noqa: FBT001, FBT002
        """Make a mapping."""
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        twice = [key for place, key in enumerate(keys) if key in keys[:place]]
        assert not twice, f"twice in one mapping, {node.start_mark}: {twice}"
        return super().construct_mapping(node, deep=deep)


@dataclass(frozen=True)
class Ended:
    """How a program ended."""

    code: int
    out: str
    err: str

    @property
    def documents(self) -> list[dict[str, Any]]:
        """Return what it printed as objects."""
        return [one for one in yaml.load_all(self.out, _Loader) if one]


@dataclass(frozen=True)
class Program:
    """A program, and the options of every call."""

    path: Path
    options: tuple[str, ...] = ()

    def __call__(self, *arguments: object, good: bool = True, given: str | None = None) -> Ended:
        """Run it to its end; with `good`, a failure raises AssertionError."""
        argv = [str(self.path), *self.options, *map(str, arguments)]
        done = subprocess.run(
            argv,
            capture_output=True,
            text=True,
            check=False,
            cwd=PROJECT,
            input=given,
            timeout=TIMEOUT_SECONDS,
        )
        if good and done.returncode:
            raise AssertionError(f"{self.path.name} {' '.join(argv[1:5])}: {done.stderr or done.stdout}")
        return Ended(done.returncode, done.stdout, done.stderr)
