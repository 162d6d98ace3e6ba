"""What `make test` consists of: jobs, what each needs before it, and what it takes of the machine.

A job is one process; several jobs may make up a tier, the line of the table at the end. To add a tier, add a job here.
"""

import sys
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
BIN = Path(sys.executable).parent
OUT = ROOT / "out" / "test"
LOCK = BIN / "lanes.lock"
"""Held while jobs of this checkout run. Not in `out/`, which `make clean` removes."""


class Load(Enum):
    """What a job takes of the machine; `lanes.schedule` bounds how many of each run at once."""

    MAKES = "makes"
    """Downloads and compiles what is kept; nothing waits for a place."""
    COMPUTES = "computes"
    """A core."""
    SERVES = "serves"
    """Half a core: servers and stores of its own."""
    PLAYS = "plays"
    """Half a core and long waits: a node of its own, pods and players."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One process, and when it may start."""

    name: str
    tier: str
    command: tuple[str, ...]
    needs: tuple[str, ...] = ()
    """Jobs that must have succeeded before it."""
    follows: tuple[str, ...] = ()
    """Jobs that must have ended before it, whatever came of them."""
    load: Load = Load.COMPUTES
    collects: bool = False
    """Whether it is a pytest run, whose results are added up."""

    @property
    def log(self) -> Path:
        """Where its output goes."""
        return OUT / f"{self.name}.log"

    @property
    def results(self) -> Path:
        """Where pytest writes its results."""
        return OUT / f"{self.name}.xml"


def _setup(name: str, *command: str, needs: tuple[str, ...] = (), follows: tuple[str, ...] = ()) -> Job:
    """Make something present that is kept: the second run finds it."""
    return Job(name=name, tier="set-up", command=command, needs=needs, follows=follows, load=Load.MAKES)


def _pytest(
    name: str, tier: str, *paths: str, needs: tuple[str, ...] = (), load: Load = Load.COMPUTES
) -> Job:
    """Run pytest over folders of tests/."""
    results = f"--junitxml={OUT / name}.xml"
    command = (str(BIN / "pytest"), results, *(f"tests/{path}" for path in paths))
    return Job(name=name, tier=tier, command=command, needs=needs, load=load, collects=True)


def _integration(name: str, *folders: str, needs: str) -> Job:
    paths = (f"integration/{folder}" for folder in folders)
    return _pytest(name, "integration", *paths, needs=(needs,), load=Load.SERVES)


def _live(name: str, tier: str, *paths: str, needs: tuple[str, ...] = ()) -> Job:
    """Run pytest with a node of its own, on a machine of its own; the image is made once, by the job `node`."""
    inside = _pytest(name, tier, *paths, needs=("node", *needs), load=Load.PLAYS)
    return replace(inside, command=(sys.executable, "-m", "lanes.machine", name, "--", *inside.command))


QUICK = (
    _pytest("unit-operator", "unit", "unit/operator", "unit/presence", "unit/charts", "unit/gitops"),
    _pytest("unit-stacks", "unit", "unit/stacks"),
    _pytest(
        "unit-rest",
        "unit",
        "unit/server",
        "unit/bench",
        "unit/localcluster",
        "unit/repository",
        "unit/commands",
        "unit/examples",
        "unit/lanes",
    ),
    Job(name="types", tier="lint", command=("make", "--no-print-directory", "types")),
    Job(name="lint", tier="lint", command=("make", "--no-print-directory", "lint")),
)
"""Nothing but Python: no root, no cluster, no network."""

SETUP = (
    _setup("packages", str(BIN / "localcluster"), "setup"),
    _setup("node", str(BIN / "localcluster"), "up", "--image", ".", needs=("packages",)),
    _setup("programs", "make", "--no-print-directory", "gitops-tools", follows=("node",)),
    _setup("aws-tools", "make", "--no-print-directory", "aws-tools"),
)
"""What is compiled and installed once; the tests that need none of it run beside."""

GITOPS_FILES = (
    *("charts", "chart_values", "chart_properties", "chart_install", "chart_pods", "image"),
    *("alerts", "health_rules", "overlays", "rights"),
)
GITOPS = tuple(f"gitops/test_{name}.py" for name in GITOPS_FILES)
FROM_GIT = tuple(f"gitops/live/test_{name}.py" for name in ("bounds", "delivery", "health", "scaling"))
AND_AWAY = tuple(f"gitops/live/test_{name}.py" for name in ("demo", "removal", "way_in"))
BY_HAND = tuple(f"gitops/live/test_{name}.py" for name in ("helm", "kubectl"))
LOST = tuple(f"cluster/faults/test_{name}.py" for name in ("redis", "killed", "wrong"))
LEFT = tuple(f"cluster/faults/test_{name}.py" for name in ("deleted", "evicted"))

TESTS = (
    _live("gitops-push", "gitops", *FROM_GIT, needs=("programs",)),
    _live("demo", "cluster", "cluster/demo", *LEFT),
    _live("faults", "cluster", *LOST),
    _live("gitops-away", "gitops", *AND_AWAY, needs=("programs",)),
    _live("gitops-hand", "gitops", *BY_HAND, needs=("programs",)),
    _live("node-life", "cluster", "cluster/localcluster"),
    _integration("operator", "operator", "crd", needs="node"),
    _integration("server", "server", "presence", needs="packages"),
    _integration("others", "localcluster", "bench", "commands", "examples", needs="node"),
    _pytest("aws-life", "aws", "aws/lifecycle", "aws/faults", "aws/live", needs=("aws-tools", "node")),
    _pytest("aws-synth", "aws", "aws/synth", needs=("aws-tools",)),
    _pytest("gitops-files", "gitops", *GITOPS, needs=("programs", "aws-tools")),
    *QUICK,
)
"""Every test. The longest come first, and those on which most of the others wait."""

DOWN = Job(
    name="down",
    tier="clean-up",
    command=(str(BIN / "localcluster"), "down"),
    follows=("node", *(job.name for job in TESTS)),
)
"""Last: it removes directories over which the others' machines have mounted theirs, and the kernel unmounts what is
mounted, in whatever namespace, on a directory that is removed."""

ALL = (*SETUP, *TESTS, DOWN)
