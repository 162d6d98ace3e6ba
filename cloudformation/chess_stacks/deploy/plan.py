"""Ask CloudFormation what a deployment would do to one stack, and grade the answer.

A plan holds the change set that carries it out, so that what was shown is what happens.
"""

import functools
import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from chess_stacks.account import changes, watch, weights
from chess_stacks.account.backoff import Backoff
from chess_stacks.account.cloudformation import CHANGE_SET_PREFIX, CloudFormation
from chess_stacks.account.environment import Environment
from chess_stacks.account.failure import Failure, Refused
from chess_stacks.account.records import Deployed, Submission
from chess_stacks.deploy import grading, schemas, templates, upload
from chess_stacks.deploy.grading import Grade
from chess_stacks.parts import names
from chess_stacks.synth.synthesis import Entry


@dataclass(frozen=True, slots=True, kw_only=True)
class StackPlan:
    """What would happen to one stack."""

    key: str
    name: str
    region: str
    kind: str
    """`create`, `update`, or `none`."""
    parameters: Mapping[str, str] = field(default_factory=dict)
    change_set: str | None = None
    changes: tuple[grading.GradedChange, ...] = ()
    differences: tuple[templates.Difference, ...] = ()
    body: Mapping[str, Any] = field(default_factory=dict)

    @property
    def grade(self) -> Grade:
        """The worst grade of all changes."""
        return grading.worst(self.changes)


class MissingInputs(Failure):
    """An upstream stack does not exist yet, so the inputs of this one are unknown."""


def resolve_inputs(environment: Environment, entry: Entry) -> dict[str, str]:
    """Fill the template's parameters from upstream outputs."""
    outputs = {key: environment.outputs(key) for key in {given.stack for given in entry.inputs}}
    missing = [given for given in entry.inputs if given.output not in outputs[given.stack]]
    if missing:
        wanted = ", ".join(sorted({f"{given.stack}.{given.output}" for given in missing}))
        raise MissingInputs(
            f"{entry.name} needs outputs that do not exist yet: {wanted}", "deploy those stacks first"
        )
    return {given.parameter: outputs[given.stack][given.output] for given in entry.inputs}


def make(environment: Environment, key: str, backoff: Backoff) -> StackPlan:
    """Make a change set for a stack that is at rest."""
    entry = environment.entry(key)
    cloud = environment.cloud(entry.region)
    found = environment.find(key)
    parameters = resolve_inputs(environment, entry)
    body = environment.assembly.templates[key]
    if found is None or found.status in ("DELETE_COMPLETE", "REVIEW_IN_PROGRESS"):
        return _prepare(environment, entry, (body, parameters), None, backoff)
    deployed = cloud.template(entry.name)
    first, extra = weights.carry(body, weights.recorded(deployed, found.parameters))
    plan = _prepare(environment, entry, (first, parameters | extra), deployed, backoff)
    touched = {graded.change.logical_id for graded in plan.changes} & weights.rules(body).keys()
    if touched and (live := live_weights(environment, cloud, found, body)):
        discard(environment, plan)
        second, extra = weights.carry(body, live)
        plan = _prepare(environment, entry, (second, parameters | extra), deployed, backoff)
    return plan


def discard(environment: Environment, plan: StackPlan) -> None:
    """Throw away the change set of a plan that is not carried out."""
    if plan.change_set is not None:
        environment.cloud(plan.region).discard(plan.name, plan.change_set)


def refuse_data_loss(plan: StackPlan, allowed: frozenset[str]) -> None:
    """Refuse to lose data unless the user has named the resource."""
    lost = [
        graded
        for graded in plan.changes
        if graded.grade is Grade.DATA_LOSS
        and not {graded.change.logical_id, f"{plan.key}/{graded.change.logical_id}"} & allowed
    ]
    if lost:
        listed = ", ".join(f"{graded.change.logical_id} ({graded.reason})" for graded in lost)
        flags = " ".join(f"--allow-replace {plan.key}/{graded.change.logical_id}" for graded in lost)
        raise Refused(f"{plan.name}: this would lose data: {listed}", f"if you mean it, add {flags}")


def live_weights(
    environment: Environment, cloud: CloudFormation, found: Deployed, body: Mapping[str, Any]
) -> weights.Weights:
    """Read the weights that the operator has set, from the load balancer itself."""
    elb = environment.clients.get("elbv2", cloud.region)
    physical = {item.logical_id: item.physical_id for item in cloud.resources(found.name)}
    groups = {arn: logical_id for logical_id, arn in physical.items()}
    result: weights.Weights = {}
    for rule, kind in weights.rules(body).items():
        if rule not in physical:
            continue
        if kind == weights.RULE:
            answer = elb.describe_rules(RuleArns=[physical[rule]])["Rules"][0]
        else:
            answer = elb.describe_listeners(ListenerArns=[physical[rule]])["Listeners"][0]
        result |= weights.live(rule, answer, groups)
    return result


def _prepare(
    environment: Environment,
    entry: Entry,
    wanted: tuple[Mapping[str, Any], Mapping[str, str]],
    deployed: Mapping[str, Any] | None,
    backoff: Backoff,
) -> StackPlan:
    body, parameters = wanted
    cloud = environment.cloud(entry.region)
    _sweep(cloud, entry.name, deployed)
    name = f"{CHANGE_SET_PREFIX}{uuid.uuid4().hex[:12]}"
    cloud.submit(name, _submission(environment, entry, wanted, "CREATE" if deployed is None else "UPDATE"))
    status, reason, made = watch.until_made(cloud, entry.name, name, backoff)
    shape = StackPlan(
        key=entry.key,
        name=entry.name,
        region=entry.region,
        kind="create" if deployed is None else "update",
        parameters=parameters,
        body=body,
        differences=templates.compare(deployed or {}, body),
    )
    if status != "FAILED":
        schema = functools.partial(schemas.recreation, entry.region)
        graded = tuple(grading.grade(change, schema) for change in made.changes)
        return replace(shape, change_set=name, changes=graded)
    cloud.discard(entry.name, name)
    if not changes.is_empty(reason):
        raise Failure(f"{entry.name}: CloudFormation made no change set: {reason}")
    return replace(shape, kind="none")


def _sweep(cloud: CloudFormation, stack: str, deployed: Mapping[str, Any] | None) -> None:
    if deployed is not None:
        for name in cloud.leftover_change_sets(stack):
            cloud.discard(stack, name)


def _submission(
    environment: Environment, entry: Entry, wanted: tuple[Mapping[str, Any], Mapping[str, str]], kind: str
) -> Submission:
    body = json.dumps(wanted[0], separators=(",", ":"))
    return Submission(
        stack=entry.name,
        kind=kind,
        body=body,
        url=upload.place(environment, entry, body, _published(environment, entry, names.BOOTSTRAP)),
        parameters=wanted[1],
        tags=environment.tags(entry.key),
        role=_published(environment, entry, names.DELIVERY).get(names.execution_role_output(entry.key)),
    )


def _published(environment: Environment, entry: Entry, key: str) -> Mapping[str, str]:
    """Read the outputs of a stack that this one waits for; bootstrap and delivery wait for no delivery."""
    return environment.outputs(key) if key in entry.depends_on else {}
