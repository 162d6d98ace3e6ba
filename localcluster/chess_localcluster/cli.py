"""`localcluster`: a real Kubernetes on this machine, from the command line."""

import json
import os
import sys
from dataclasses import asdict
from enum import StrEnum
from importlib.metadata import version
from io import TextIOWrapper
from pathlib import Path
from typing import Annotated

import typer

from chess_localcluster import cluster, homes
from chess_localcluster.argocd import cli as argocd
from chess_localcluster.build import caches, packages
from chess_localcluster.errors import ClusterError
from chess_localcluster.images.dockerfile import TAG
from chess_localcluster.node import containers, images
from chess_localcluster.paths import Cache, Home
from chess_localcluster.preflight import look
from chess_localcluster.preflight.check import refusals
from chess_localcluster.progress import Terminal
from chess_localcluster.status import read as status_of
from chess_localcluster.status import recorded_at
from chess_localcluster.stores import managed
from chess_localcluster.stores.managed import Fault

app = typer.Typer(
    help="A real Kubernetes on this Linux machine, for the demo and the tests.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
HomeOption = Annotated[
    Path | None,
    typer.Option(
        "--home", help="Directory of the cluster (default: $LOCALCLUSTER_HOME or /var/lib/localcluster)"
    ),
]


UMASK = 0o022
"""Whatever the shell's is: the stores' users enter their directories, and nobody else writes where root does."""


class Output(StrEnum):
    """Format of a result."""

    TEXT = "text"
    JSON = "json"


OutputOption = Annotated[Output, typer.Option("--output", "-o", help="Format of the result")]


def _show_version(wanted: bool) -> None:  # noqa: FBT001 - typer passes the option's value
    if wanted:
        print(f"localcluster {version('chesscluster')}")
        raise typer.Exit


@app.callback()
def _root(
    _version: Annotated[  # noqa: FBT002 - typer makes an option of it
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version")
    ] = False,
) -> None:
    """Hold the options of all commands."""


@app.command()
def up(
    home: HomeOption = None,
    nodes: Annotated[
        int, typer.Option(min=0, max=1, help="0: the control plane alone; 1: with a node for pods")
    ] = 1,
    api_port: Annotated[
        int | None,
        typer.Option(
            min=1024, max=65535, help="Port of the API server (default: 6443 with a node if free, else any)"
        ),
    ] = None,
    image: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            file_okay=False,
            resolve_path=True,
            help="Also build this directory's image and load it into the node",
        ),
    ] = None,
) -> None:
    """Start the cluster, or the parts of it that do not run."""
    running = cluster.up(home, nodes, Terminal(), api_port=api_port, image=image)
    state = f"started {', '.join(running.started)}" if running.started else "already running"
    print(f"cluster at {running.api_url} is ready after {running.seconds:.1f} s ({state})")
    print(f"export KUBECONFIG={running.kubeconfig}")


@app.command()
def down(home: HomeOption = None) -> None:
    """Stop the cluster and remove everything that it left on the machine."""
    found = cluster.down(home, Terminal())
    print("the cluster is gone" if found else f"no cluster at {Home.at(home).root}")


@app.command()
def preflight(
    home: HomeOption = None,
    nodes: Annotated[
        int, typer.Option(min=0, max=1, help="0: for the control plane alone; 1: with a node for pods")
    ] = 1,
    output: OutputOption = Output.TEXT,
) -> None:
    """Show whether this machine is ready for `up`, and what to do if not; exit code 1 if `up` would refuse."""
    place = Home.at(home)
    runs = bool(homes.registry(place).marked())
    found = list(look.look(place, Cache.of_user(), nodes, runs=runs))
    if output is Output.JSON:
        print(json.dumps([asdict(one) for one in found], indent=2))
    else:
        for one in found:
            print(f"{one.level:8} {one.line}")
    if refusals(found):
        raise typer.Exit(1)


@app.command()
def clean(
    go: Annotated[  # noqa: FBT002 - typer makes an option of it
        bool, typer.Option("--go", help="Also empty Go's own caches, which others may use")
    ] = False,
) -> None:
    """Remove the caches: programs, Go, base image, wheels, layers. The next `up` makes them anew."""
    cache = Cache.of_user()
    own, shared = caches.own(cache), caches.gos(cache)
    caches.clean(cache, go=go)
    for place in [*own, *(shared if go else [])]:
        print(f"removed {place.text}")
    for place in [] if go else shared:
        print(
            f"stays   {place.text}: Go's own, which other work may use; `localcluster clean --go` empties it"
        )


@app.command()
def setup() -> None:
    """Install the Debian packages that a node needs; show each with its reason."""
    installed = packages.ensure(Terminal())
    print(f"installed: {' '.join(installed)}" if installed else "nothing is missing")


@app.command()
def status(home: HomeOption = None, output: OutputOption = Output.TEXT) -> None:
    """Show which parts run; exit code 0 only if all of them do. JSON has the cluster's state also if there is none."""
    found = status_of(Home.at(home))
    if found is None and output is Output.JSON:
        print(json.dumps(asdict(recorded_at(Home.at(home))) | {"healthy": False}, indent=2))
        raise typer.Exit(1)
    if found is None:
        raise ClusterError(f"no cluster at {Home.at(home).root}: `localcluster up` makes one")
    if output is Output.JSON:
        print(json.dumps(found.document(), indent=2))
    else:
        for part in found.parts:
            print(f"{'ok ' if part.healthy else 'BAD'}  {part.name:24} {part.detail}")
    if not found.healthy:
        raise typer.Exit(1)


@app.command()
def logs(
    component: Annotated[str, typer.Argument(help="Name of a component, as `status` shows it")],
    home: HomeOption = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Follow the log as it grows")] = False,  # noqa: FBT002 - typer makes an option of it
) -> None:
    """Print the log of one component."""
    directory = _existing(home).log
    path = directory / f"{component}.log"
    if not path.exists():
        known = ", ".join(sorted(found.stem for found in directory.glob("*.log")))
        raise ClusterError(f"component {component!r}: unknown; these have a log: {known or 'none'}")
    os.execvp("tail", ["tail", "-n", "+1", *(["-F"] if follow else []), str(path)])  # noqa: S606 - no shell is wanted


@app.command()
def store(
    fault: Annotated[
        Fault, typer.Argument(help="stop: freeze; cont: resume; kill: kill -9; start: start again")
    ],
    name: Annotated[str, typer.Argument(help="redis or postgres")],
    home: HomeOption = None,
) -> None:
    """Make Redis or PostgreSQL fail, for fault tests. A killed Redis starts empty, PostgreSQL with its data."""
    place = _existing(home)
    managed.disturb(place, homes.registry(place), name, fault)


image = typer.Typer(help="Images of the node, without a registry.", no_args_is_help=True)
app.add_typer(image, name="image")
app.add_typer(argocd.app, name="argocd")


@image.command("build")
def image_build(
    directory: Annotated[
        Path,
        typer.Argument(exists=True, file_okay=False, resolve_path=True, help="Directory with a Dockerfile"),
    ] = Path(),
    tag: Annotated[str, typer.Option(help="Name of the image")] = TAG,
    base: Annotated[
        str | None,
        typer.Option(help="Base image from a registry (default: Debian 12, built on this machine)"),
    ] = None,
    home: HomeOption = None,
) -> None:
    """Build a directory's image and load it into the node."""
    built = images.build_and_load(_existing(home), Cache.of_user(), directory, Terminal(), tag, base)
    print(f"{built.name} is on the node ({'built' if built.fresh else 'unchanged'})")


@image.command("load")
def image_load(
    archive: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="OCI or Docker archive")],
    home: HomeOption = None,
) -> None:
    """Load the images of an archive into the node."""
    with Terminal().stage(f"loading {archive.name}"):
        containers.load(_existing(home), Cache.of_user(), archive)


@app.command()
def kubeconfig(home: HomeOption = None) -> None:
    """Print the path of the administrator's kubeconfig."""
    print(_existing(home).kubeconfig)


@app.command(
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}
)
def kubectl(_context: typer.Context) -> None:
    """Run kubectl of the cluster's own version; all arguments are passed to it."""
    place = _existing(None)
    program = Cache.of_user().bin / "kubectl"
    os.environ["KUBECONFIG"] = str(place.kubeconfig)
    given = sys.argv[
        sys.argv.index("kubectl") + 1 :
    ]  # click drops a `--`, which `kubectl run` and `exec` want
    os.execv(program, [str(program), *given])  # noqa: S606 - no shell is wanted


def _existing(home: Path | None) -> Home:
    place = Home.at(home)
    homes.require_access(place)
    if not place.kubeconfig.exists() or not homes.is_one(place):
        raise ClusterError(f"no cluster at {place.root}: `localcluster up` makes one")
    return place


def main() -> None:
    """Run a command; an error that the user can act on is one line, not a traceback."""
    os.umask(UMASK)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        app()
    except ClusterError as error:
        print(f"localcluster: {error}", file=sys.stderr)
        sys.exit(1)
    except PermissionError as error:
        remedy = "run this as its owner (root?), or choose another --home"
        print(f"localcluster: {error.filename or error}: permission denied: {remedy}", file=sys.stderr)
        sys.exit(1)
    except OSError as error:
        reason = f"{error.filename}: {error.strerror}" if error.filename and error.strerror else error
        print(f"localcluster: {reason}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        print(
            "localcluster: interrupted; `localcluster up` continues, `localcluster down` removes everything",
            file=sys.stderr,
        )
        sys.exit(130)
