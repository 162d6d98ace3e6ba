"""`deploy`: create or update every stack, each after those it depends on."""

import time
from typing import Annotated

import typer

from chess_stacks.commands.options import Stacks
from chess_stacks.commands.outcomes import Outcomes
from chess_stacks.commands.screen import Screen
from chess_stacks.commands.session import Session, choose
from chess_stacks.deploy.engine import Deployment
from chess_stacks.deploy.runner import Runner


def deploy(
    session: Session,
    stack: Stacks = None,
    allow_replace: Annotated[
        list[str] | None,
        typer.Option("--allow-replace", help="STACK/LOGICAL_ID that may lose its data; may be repeated"),
    ] = None,
    parallel: Annotated[int, typer.Option("--parallel", min=1, max=16, help="stacks at once")] = 4,
) -> Outcomes:
    """Create or update every stack, each after those it depends on."""
    environment = session.environment()
    chosen = choose(environment.assembly, stack)
    with Screen(session.aside, time.monotonic, quiet=not session.progress) as screen:
        deployment = Deployment(
            environment=environment,
            runner=Runner(notify=screen.show, clock=time.monotonic, parallel=parallel),
            allowed=frozenset(allow_replace or ()),
        )
        return Outcomes(outcomes=tuple(deployment.run(chosen)))
