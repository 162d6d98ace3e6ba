"""What an import contract cannot hold.

A contract sees the import statements of this repository's modules. It does not see which part of an outside package a
module takes, what an outside package or a dynamic import loads, and who asks a class for the time.
"""

import ast
import json
import subprocess
import sys
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
OPERATOR = ROOT / "operator" / "chess_operator"
MODULES = [module for folder in ("objects", "install") for module in sorted((OPERATOR / folder).glob("*.py"))]
MODELS = "kubernetes.aio.client.models"
"""Plain pydantic models; the rest of the client makes requests."""

METADATA = "importlib.metadata"
"""pydantic looks for its plug-ins there; it loads email and, with it, socket."""

IMPURE = (
    "aiohttp",
    "alembic",
    "asyncio",
    "boto3",
    "botocore",
    "hiredis",
    "http.client",
    "httpx",
    "kopf",
    "kubernetes",
    "logging",
    "multiprocessing",
    "picows",
    "prometheus_client",
    "psycopg",
    "psycopg_pool",
    "redis",
    "requests",
    "rich",
    "socket",
    "sqlalchemy",
    "ssl",
    "structlog",
    "subprocess",
    "typer",
    "urllib.request",
    "urllib3",
    "uvloop",
    "websockets",
)


@dataclass(frozen=True)
class Stage:
    """Pure modules: a package stands for all its modules but those it is taken `without`.

    `but_for`: outside packages that may be loaded, with all that they load.
    """

    modules: tuple[str, ...]
    but_for: tuple[str, ...] = ()
    without: tuple[str, ...] = ()


PURE = {
    "presence": Stage(("chess_presence.census", "chess_presence.keys", "chess_presence.records")),
    "operator api, decide": Stage(("chess_operator.api", "chess_operator.decide"), but_for=(METADATA,)),
    # The package of the models loads the whole client: aiohttp, requests, urllib3, subprocess, logging.
    "operator objects, install": Stage(
        ("chess_operator.objects", "chess_operator.install"), but_for=(MODELS,)
    ),
    # The recorder posts in the background, and what makes events is given one: asyncio, with all that it loads.
    "operator events": Stage(
        ("chess_operator.report.event_recorder", "chess_operator.report.events"),
        but_for=(METADATA, "asyncio"),
    ),
    "operator report, observe": Stage(
        ("chess_operator.report", "chess_operator.reconcile.observe"),
        but_for=(METADATA,),
        without=(
            "chess_operator.report.event_recorder",
            "chess_operator.report.events",
            "chess_operator.report.status_writer",
        ),
    ),
    "operator waker": Stage(
        ("chess_operator.reconcile.waker",), but_for=("asyncio",)
    ),  # a loop waits for its event
    "operator simulation": Stage(
        ("chess_operator.simulation",), but_for=(METADATA,), without=("chess_operator.simulation.command",)
    ),
    "server": Stage(
        (
            "chess_server.game",
            "chess_server.wire",
            "chess_server.clients.address",
            "chess_server.clients.lookups",
            "chess_server.clients.origins",
            "chess_server.clients.rate_limit",
            "chess_server.clients.recent",
            "chess_server.clients.seats",
            "chess_server.clients.session",
            "chess_server.clients.shedding",
            "chess_server.quantile",
            "chess_server.lobby.seeks",
            "chess_server.play.channel",
            "chess_server.play.subscribers",
            "chess_server.pod.drain_stages",
            "chess_server.transport.fragments",
            "chess_server.transport.handshakes",
            "chess_server.transport.keepalive",
            "chess_server.transport.link",
        )
    ),
    "stacks profile": Stage(("chess_stacks.profile",), but_for=(METADATA,)),
    # troposphere loads cfn_flip, which has a logger. cfn-lint, which rules.cfn runs, loads urllib.request.
    "stacks synthesis, rules, cost": Stage(
        (
            "chess_stacks.parts",
            "chess_stacks.stacks",
            "chess_stacks.synth",
            "chess_stacks.rules",
            "chess_stacks.cost",
        ),
        but_for=(METADATA, "troposphere"),
        without=("chess_stacks.rules.cfn",),
    ),
    "stacks account": Stage(
        (
            "chess_stacks.account.backoff",
            "chess_stacks.account.changes",
            "chess_stacks.account.records",
            "chess_stacks.account.states",
            "chess_stacks.account.timeline",
            "chess_stacks.account.weights",
            "chess_stacks.destroy.drain",
        )
    ),
    "stacks deploy": Stage(
        (
            "chess_stacks.deploy.grading",
            "chess_stacks.deploy.outcome",
            "chess_stacks.deploy.policy",
            "chess_stacks.deploy.schedule",
            "chess_stacks.deploy.schemas",
            "chess_stacks.deploy.templates",
        ),
        but_for=(METADATA, "concurrent.futures"),  # a schedule starts threads; futures have a logger
    ),
    "localcluster": Stage(
        (
            "chess_localcluster.argocd.plan",
            "chess_localcluster.controlplane.components",
            "chess_localcluster.controlplane.objects",
            "chess_localcluster.netpol.model",
            "chess_localcluster.netpol.rules",
            "chess_localcluster.netpol.verdicts",
            "chess_localcluster.node.config",
            "chess_localcluster.plan",
        )
    ),
    "bench": Stage(
        (
            "chess_bench.bots.board",
            "chess_bench.bots.connection",
            "chess_bench.bots.durations",
            "chess_bench.bots.effects",
            "chess_bench.bots.games",
            "chess_bench.bots.ledger",
            "chess_bench.bots.pace",
            "chess_bench.bots.player",
            "chess_bench.bots.wire",
            "chess_bench.cluster.existing",
            "chess_bench.cluster.objects",
            "chess_bench.cluster.ownership",
            "chess_bench.demo.outcome",
            "chess_bench.demo.promises",
            "chess_bench.demo.steps",
            "chess_bench.demo.timeline",
            "chess_bench.demo.view",
            "chess_bench.gitops.application",
            "chess_bench.server.figures",
            "chess_bench.server.history",
            "chess_bench.server.lines",
            "chess_bench.server.page",
            "chess_bench.server.plan",
            "chess_bench.server.seats",
            "chess_bench.settings",
            "chess_bench.verification.comparison",
            "chess_bench.verification.promises",
        )
    ),
}
UNLOADED = {"chess_operator.simulation.command", "chess_stacks.rules.cfn"}
"""Held by a contract alone: typer's command line, and cfn-lint, which takes seconds to import."""

STAMPS = {"chess_operator.report.event_recorder"}
"""Ask for the time all the same: an event is stamped when it is posted."""
CLOCKS = {"now", "utcnow", "today"}

LOAD = """
import importlib, json, sys
but_for, modules = json.load(sys.stdin)
for name in but_for:
    importlib.import_module(name)
before = set(sys.modules)
for name in modules:
    importlib.import_module(name)
print(json.dumps(sorted(set(sys.modules) - before)))
"""


def files(name: str) -> dict[str, Path]:
    """Return a module, or all modules of a package, with their files."""
    path = name.replace(".", "/")
    found = [*ROOT.glob(f"*/{path}.py"), *ROOT.glob(f"*/{path}/**/*.py")]
    assert found, name
    parts = {file: file.relative_to(ROOT).with_suffix("").parts[1:] for file in found}
    return {".".join(part for part in parts[file] if part != "__init__"): file for file in sorted(found)}


def spread(stage: Stage) -> dict[str, Path]:
    """Return all modules of a stage, those of its packages too."""
    found = {module: file for name in stage.modules for module, file in files(name).items()}
    assert {*found} >= {*stage.without}
    return {
        name: file for name, file in found.items() if name not in stage.without and file.stem != "__main__"
    }


def loaded(modules: list[str], but_for: tuple[str, ...] = ()) -> set[str]:
    """Import modules in an interpreter of their own; return what was loaded, less what `but_for` loads."""
    run = subprocess.run(
        [sys.executable, "-c", LOAD],
        input=json.dumps([but_for, modules]),
        capture_output=True,
        text=True,
        check=True,
    )
    names: list[str] = json.loads(run.stdout)
    return set(names)


def impure(names: set[str]) -> set[str]:
    return names & set(IMPURE)


def clocks(source: str) -> list[str]:
    """Name the calls that ask datetime or date for the present."""
    calls = [node.func for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    return [ast.unparse(call) for call in calls if isinstance(call, ast.Attribute) and call.attr in CLOCKS]


@pytest.mark.parametrize("stage", PURE.values(), ids=PURE)
def test_a_pure_stage_loads_nothing_that_reaches_outside(stage: Stage) -> None:
    assert impure(loaded(list(spread(stage)), stage.but_for)) == set()


@pytest.mark.parametrize("stage", PURE.values(), ids=PURE)
def test_a_pure_stage_asks_nobody_for_the_time(stage: Stage) -> None:
    asking = {name: clocks(file.read_text(encoding="utf-8")) for name, file in spread(stage).items()}
    assert {name: calls for name, calls in asking.items() if calls and name not in STAMPS} == {}


def modules(stages: Iterable[Stage]) -> set[str]:
    """Return the modules of all stages, but no __init__: those import nothing, or are facades."""
    found = (item for stage in stages for item in spread(stage).items())
    return {name for name, file in found if file.stem != "__init__"}


def test_what_a_contract_keeps_from_sockets_is_loaded_and_the_other_way_round() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    pure = [one for one in contracts if "socket" in one.get("forbidden_modules", ())]
    held = modules(Stage(tuple(one["source_modules"])) for one in pure)
    assert modules(PURE.values()) ^ held == UNLOADED


def test_what_is_loaded_by_others_or_late_is_seen() -> None:
    assert impure(loaded(["chess_presence.registry"])) >= {"asyncio", "redis", "socket"}
    assert impure(loaded(["chess_presence.registry"], but_for=("redis.asyncio",))) == set()


@pytest.mark.parametrize("call", ["datetime.now(tz=UTC)", "date.today()", "datetime.datetime.utcnow()"])
def test_every_question_for_the_time_is_seen(call: str) -> None:
    assert clocks(f"x = {call}") == [call.partition("(")[0]]
    assert clocks("x = datetime.fromtimestamp(now, tz=UTC)") == []


def taken(source: str) -> set[str]:
    """Return what a module imports of the Kubernetes client, by its full name."""
    found = set[str]()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        if isinstance(node, ast.ImportFrom):
            found |= {f"{node.module}.{name.name}" for name in node.names}
    return {name for name in found if name.split(".")[0] == "kubernetes"}


@pytest.mark.parametrize("module", MODULES, ids=lambda module: f"{module.parent.name}/{module.stem}")
def test_objects_are_made_of_the_clients_models_and_nothing_that_connects(module: Path) -> None:
    names = taken(module.read_text(encoding="utf-8"))
    assert [name for name in names if name != MODELS and not name.startswith(f"{MODELS}.")] == []


@pytest.mark.parametrize(
    "source, names",
    [
        ("from kubernetes.aio import client", {"kubernetes.aio.client"}),
        ("import kubernetes.aio.client.rest", {"kubernetes.aio.client.rest"}),
        ("from kubernetes.aio.client import models as k8s", {MODELS}),
        ("import json", set[str]()),
    ],
)
def test_every_form_of_import_is_seen(source: str, names: set[str]) -> None:
    assert taken(source) == names
