"""One invocation: the profile that was named, the output that was asked for, and the clients made on demand."""

import datetime
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from chess_stacks.account import environment
from chess_stacks.account.clients import Clients
from chess_stacks.account.environment import Environment
from chess_stacks.account.failure import Failure
from chess_stacks.profile import checks
from chess_stacks.profile.load import load
from chess_stacks.profile.model import Profile
from chess_stacks.synth import synthesis
from chess_stacks.synth.synthesis import Assembly


class Output(StrEnum):
    """How results are printed."""

    TEXT = "text"
    JSON = "json"


@dataclass(slots=True, kw_only=True)
class Session:
    """What every verb is given."""

    profile_name: str = "dev"
    overlay: Path | None = None
    env: str | None = None
    output: Output = Output.TEXT
    endpoint_url: str | None = None
    console: Console = field(default_factory=lambda: Console(emoji=False))
    """For results."""
    aside: Console = field(default_factory=lambda: Console(stderr=True, emoji=False))
    """For progress and errors."""

    def profile(self) -> Profile:
        """Read the profile and its overlay; print its warnings."""
        found = load(self.profile_name, self.overlay, self.env)
        for line in checks.warnings(found):
            self.aside.print(f"[yellow]warning:[/] {escape(line)}", soft_wrap=True)
        return found

    def assembly(self) -> Assembly:
        """Synthesise every stack; needs neither network nor credentials."""
        return synthesis.synthesize(self.profile())

    def clients(self) -> Clients:
        """Return clients for the credentials at hand."""
        return Clients(self.endpoint_url)

    def environment(self) -> Environment:
        """Open the environment in the account that the credentials belong to."""
        return environment.open_environment(self.assembly(), self.clients(), self.endpoint_url)

    def today(self) -> datetime.date:
        """Return today's date (UTC), which the age of prices and the support of versions depend on."""
        return datetime.datetime.now(tz=datetime.UTC).date()

    @property
    def progress(self) -> bool:
        """Whether a person watches: JSON callers get the document alone."""
        return self.output is Output.TEXT


def choose(assembly: Assembly, wanted: list[str] | None) -> frozenset[str]:
    """Return the stacks that were named, or all; refuse an unknown name."""
    known = [entry.key for entry in assembly.manifest]
    for key in wanted or ():
        if key not in known:
            raise Failure(f"--stack {key!r}: unknown; this profile has {', '.join(known)}")
    return frozenset(wanted or known)
