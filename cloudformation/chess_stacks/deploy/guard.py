"""Stack policy and termination protection: put in place after a deployment, lifted for what the user has allowed."""

from collections.abc import Iterator
from contextlib import contextmanager

from chess_stacks.account.cloudformation import CloudFormation
from chess_stacks.account.environment import Environment
from chess_stacks.deploy import policy
from chess_stacks.deploy.plan import StackPlan


def protect(environment: Environment, plan: StackPlan) -> None:
    """Give a deployed stack the protection that its profile wants."""
    cloud = environment.cloud(plan.region)
    found = cloud.find(plan.name)
    wanted = bool(policy.stateful(plan.body)) and environment.assembly.profile.database.deletion_protection
    if found is not None and found.protected != wanted:
        cloud.client.update_termination_protection(StackName=plan.name, EnableTerminationProtection=wanted)
    if plan.change_set is not None:
        _set(cloud, plan.name, policy.document(plan.body))


@contextmanager
def lifted(cloud: CloudFormation, plan: StackPlan, allowed: frozenset[str]) -> Iterator[None]:
    """Let what the user has allowed be replaced while this update lasts."""
    named = frozenset(key.split("/")[-1] for key in allowed if key.split("/")[0] in (key, plan.key))
    if plan.kind != "update" or not named:
        yield
        return
    _set(cloud, plan.name, policy.document(cloud.template(plan.name), named))
    try:
        yield
    finally:
        _set(cloud, plan.name, policy.document(plan.body))


def _set(cloud: CloudFormation, stack: str, document: str | None) -> None:
    if document is not None:
        cloud.client.set_stack_policy(StackName=stack, StackPolicyBody=document)
