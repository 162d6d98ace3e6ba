"""`destroy`: drain the cluster, delete the stacks in reverse order, list what is left."""

import time
from typing import Annotated

import typer

from chess_stacks.account.environment import Environment
from chess_stacks.account.failure import Refused
from chess_stacks.commands.options import Stacks
from chess_stacks.commands.outcomes import Outcomes
from chess_stacks.commands.screen import Screen
from chess_stacks.commands.session import Session
from chess_stacks.deploy.runner import Runner
from chess_stacks.destroy import kubernetes, leftovers
from chess_stacks.destroy.engine import Destruction
from chess_stacks.destroy.kubernetes import KubernetesApi
from chess_stacks.parts import names


def destroy(  # noqa: PLR0913 - each is an option of its own
    session: Session,
    stack: Stacks = None,
    *,
    confirm: Annotated[
        str | None, typer.Option("--confirm", help="the environment's name, instead of typing it")
    ] = None,
    retain: Annotated[
        list[str] | None,
        typer.Option("--retain", help="LOGICAL_ID to leave in the account when it cannot be deleted"),
    ] = None,
    unprotect: Annotated[
        bool,
        typer.Option(
            "--unprotect", help="lift termination protection of stacks and deletion protection in them"
        ),
    ] = False,
    empty_buckets: Annotated[bool, typer.Option("--empty-buckets", help="delete what buckets hold")] = False,
    drain_cluster: Annotated[
        bool,
        typer.Option("--drain/--no-drain", help="have Kubernetes give load balancers and volumes back first"),
    ] = True,
) -> Outcomes:
    """Delete the environment: drain, delete in reverse order, list what is left."""
    environment = session.environment()
    _ask(session, environment.env, confirm)
    with Screen(session.aside, time.monotonic, quiet=not session.progress) as screen:
        destruction = Destruction(
            environment=environment,
            runner=Runner(notify=screen.show, clock=time.monotonic),
            retain=frozenset(retain or ()),
            unprotect=unprotect,
            empty_buckets=empty_buckets,
        )
        chosen = destruction.select(frozenset(stack) if stack else None)
        if drain_cluster and "eks-control" in chosen:
            destruction.drain(lambda: _connect(environment))
        outcomes = destruction.run(chosen)
    left, unseen = leftovers.find(environment) if not stack else ((), ())
    return Outcomes(outcomes=tuple(outcomes), left=left, unseen=unseen)


def _connect(environment: Environment) -> KubernetesApi | None:
    cluster = names.cluster_name(environment.env)
    return kubernetes.connect(environment.clients, cluster, environment.assembly.profile.region)


def _ask(session: Session, env: str, confirm: str | None) -> None:
    if confirm is None and session.aside.is_terminal:
        confirm = session.aside.input(
            f"This deletes environment [bold]{env}[/]. Type its name to continue: "
        ).strip()
    if confirm != env:
        raise Refused(
            f"destroy: {confirm!r} is not the environment's name" if confirm else "destroy: not confirmed",
            f"type {env} when asked, or add --confirm {env}",
        )
