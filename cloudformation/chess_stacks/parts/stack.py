"""What a stack is: a builder, the upstream outputs it takes, and where it lives.

A stack module composes a `Draft`: the troposphere template and the inputs it declares grow together, so a
template parameter without a source (or the reverse) cannot be written. `Stack` is the value that the catalog,
the synthesiser and the command line share.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from troposphere import AWSObject, Output, Parameter, Ref, Tags, Template
from troposphere.ssm import Parameter as SsmParameter

from chess_stacks.parts import names
from chess_stacks.profile.model import Profile

_Resource = TypeVar("_Resource", bound=AWSObject)


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """A template parameter that the command line fills from an upstream output."""

    parameter: str
    stack: str
    output: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """One CloudFormation stack of an environment; its name there is `chess-<env>-<key>`."""

    key: str
    title: str
    build: Callable[[Profile], Template | None]
    inputs: Callable[[Profile], tuple[Input, ...]]
    region: Callable[[Profile], str]
    after: frozenset[str] = frozenset()
    """Stacks to wait for although no output of theirs is taken."""


@dataclass(slots=True, kw_only=True)
class Draft:
    """A template in the making, with the inputs it has asked for."""

    key: str
    profile: Profile
    template: Template = field(default_factory=Template)
    inputs: list[Input] = field(default_factory=list)

    def add(self, resource: _Resource) -> _Resource:
        """Put a resource into the template and hand it back for references."""
        self.template.add_resource(resource)
        return resource

    def take(self, stack: str, output: str, kind: str = "String") -> Ref:
        """Ask for an upstream output; `kind` is the CloudFormation parameter type."""
        name = names.parameter_name(stack, output)
        if name not in self.template.parameters:
            self.template.add_parameter(
                Parameter(name, Type=kind, Description=f"Output {output} of the stack {stack}")
            )
            self.inputs.append(Input(parameter=name, stack=stack, output=output))
        return Ref(name)

    def give(self, output: str, value: Any, description: str) -> None:
        """Publish a value: as a stack output and at `/chess/<env>/<stack>/<output>` in SSM."""
        self.template.add_output(Output(output, Value=value, Description=description))
        self.add(
            SsmParameter(
                f"Published{output}",
                Name=names.output_path(self.profile.env, self.key, output),
                Type="String",
                Value=value,
                Description=description,
                Tags=self._marks(),
            )
        )

    def tags(self, name: str | None = None, **more: Any) -> Tags:
        """Return the tags of one resource; policies are scoped by `chess:env`, so every resource has it."""
        named = {"Name": f"{names.stack_name(self.profile.env, self.key)}-{name}"} if name else {}
        return Tags({**self._marks(), **named, **more})

    def _marks(self) -> dict[str, str]:
        return {"chess:env": self.profile.env, "chess:stack": self.key}


def define(
    key: str,
    title: str,
    compose: Callable[[Draft], bool | None],
    *,
    region: Callable[[Profile], str] | None = None,
    after: frozenset[str] = frozenset(),
) -> Stack:
    """Make a Stack of a compose function, which fills a draft or returns False where a profile turns the stack off."""
    last: list[tuple[Profile, Draft | None]] = []

    def draft(profile: Profile) -> Draft | None:
        """Compose once for a profile: a profile is frozen, and every question is asked of the same one."""
        if not last or last[0][0] is not profile:
            sheet = Draft(key=key, profile=profile)
            sheet.template.set_version("2010-09-09")
            sheet.template.set_description(f"{names.stack_name(profile.env, key)}: {title}")
            last[:] = [(profile, None if compose(sheet) is False else sheet)]
        return last[0][1]

    def build(profile: Profile) -> Template | None:
        sheet = draft(profile)
        return sheet.template if sheet else None

    def inputs(profile: Profile) -> tuple[Input, ...]:
        sheet = draft(profile)
        return tuple(sheet.inputs) if sheet else ()

    return Stack(
        key=key,
        title=title,
        build=build,
        inputs=inputs,
        region=region or (lambda profile: profile.region),
        after=after,
    )
