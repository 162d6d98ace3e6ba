"""One environment in one account: what synthesis wants there, and how to reach what exists."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field

from chess_stacks.account.clients import Clients
from chess_stacks.account.cloudformation import CloudFormation
from chess_stacks.account.failure import Refused
from chess_stacks.account.records import Deployed
from chess_stacks.parts import names
from chess_stacks.synth.synthesis import Assembly, Entry

ENV_TAG = "chess:env"
STACK_TAG = "chess:stack"
MAKER_TAG = "chess:managed-by"
MAKER = "chess-stacks"


@dataclass(slots=True)
class Environment:
    """The assembly, the account, and CloudFormation in each region."""

    assembly: Assembly
    clients: Clients
    account: str
    endpoint_url: str | None = None
    _clouds: dict[str, CloudFormation] = field(default_factory=dict)
    _outputs: dict[str, Mapping[str, str]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def env(self) -> str:
        """The environment's name."""
        return self.assembly.profile.env

    @property
    def needs(self) -> Mapping[str, frozenset[str]]:
        """The DAG, in order."""
        return {entry.key: frozenset(entry.depends_on) for entry in self.assembly.manifest}

    def entry(self, key: str) -> Entry:
        """Return a stack's line of the manifest."""
        return next(entry for entry in self.assembly.manifest if entry.key == key)

    def cloud(self, region: str) -> CloudFormation:
        """Return CloudFormation of a region."""
        with self._lock:
            if region not in self._clouds:
                self._clouds[region] = CloudFormation(self.clients, region)
            return self._clouds[region]

    def regions(self) -> tuple[str, ...]:
        """Name the regions that stacks of this environment may live in."""
        return tuple(dict.fromkeys((self.assembly.profile.region, names.GLOBAL_REGION)))

    def find(self, key: str) -> Deployed | None:
        """Return a stack as the account has it, after making sure that it is ours."""
        entry = self.entry(key)
        found = self.cloud(entry.region).find(entry.name)
        if found is not None and found.status != "DELETE_COMPLETE":
            self.own(found, key)
        return found

    def own(self, found: Deployed, key: str) -> None:
        """Refuse a stack that somebody else made under the same name."""
        if found.status == "REVIEW_IN_PROGRESS" and not found.tags:
            return
        if (found.tags.get(ENV_TAG), found.tags.get(STACK_TAG)) != (self.env, key):
            raise Refused(
                f"a stack named {found.name} exists already, and chess-stacks did not make it "
                f"(its tag {STACK_TAG} is {found.tags.get(STACK_TAG)!r})",
                "choose another environment name with --env, or delete that stack",
            )

    def outputs(self, key: str) -> Mapping[str, str]:
        """Return the outputs of an upstream stack, none where it does not exist. Read once until `forget`."""
        known = self._outputs.get(key)
        if known is None:
            found = self.find(key)
            known = found.outputs if found else {}
            if known:
                self._outputs[key] = known
        return known

    def forget(self, key: str) -> None:
        """Read a stack's outputs again next time: it has changed."""
        self._outputs.pop(key, None)

    def existing(self) -> dict[str, tuple[str, Deployed]]:
        """Find every stack of the environment, also those that the profile has turned off: key → region, stack."""
        found: dict[str, tuple[str, Deployed]] = {}
        for region in self.regions():
            for stack in self.cloud(region).tagged({ENV_TAG: self.env, MAKER_TAG: MAKER}):
                found[stack.tags.get(STACK_TAG, stack.name)] = (region, stack)
        return found

    def tags(self, key: str) -> dict[str, str]:
        """Return the tags of a stack, which CloudFormation hands on to its resources."""
        return {
            **self.assembly.profile.tags,
            ENV_TAG: self.env,
            STACK_TAG: key,
            MAKER_TAG: MAKER,
        }


def open_environment(assembly: Assembly, clients: Clients, endpoint_url: str | None) -> Environment:
    """Find out which account the credentials belong to, and refuse a wrong one."""
    wanted = assembly.profile.account
    account = clients.account(assembly.profile.region)
    if wanted is not None and wanted != account:
        raise Refused(
            f"the credentials belong to account {account}, and the profile allows only {wanted}",
            "log in to the right account, or correct `account` in the overlay",
        )
    return Environment(assembly=assembly, clients=clients, account=account, endpoint_url=endpoint_url)
