"""`localcluster argocd`: Argo CD and a Git server beside the cluster, from the command line."""

from pathlib import Path
from typing import Annotated

import typer

from chess_localcluster.argocd import run
from chess_localcluster.progress import Terminal

app = typer.Typer(help="Argo CD and a Git server beside the cluster.", no_args_is_help=True)
HomeOption = Annotated[
    Path | None,
    typer.Option(
        "--home", help="Directory of the cluster (default: $LOCALCLUSTER_HOME or /var/lib/localcluster)"
    ),
]


@app.command()
def up(home: HomeOption = None) -> None:
    """Start Argo CD and the Git server; build them first if they are missing."""
    running = run.up(home, Terminal())
    state = f"started {', '.join(running.started)}" if running.started else "already running"
    print(f"Argo CD answers at {running.server_url} after {running.seconds:.1f} s ({state})")
    print(f"git clone {running.repository}   # Argo CD reads {running.repository_url}")
    print("user admin; its password: kubectl -n argocd get secret argocd-initial-admin-secret "
          "-o go-template='{{.data.password|base64decode}}'")  # fmt: skip


@app.command()
def down(home: HomeOption = None) -> None:
    """Stop them; what Argo CD has installed in the cluster stays."""
    print("Argo CD is gone" if run.down(home) else "Argo CD was not running")
