"""The listener rule's weights belong to the operator, which shifts players while stacks stand still. Pure.

A template must state some weight. Taken literally, each deployment would send everybody back to the template's colour.
So a deployment first asks for a change with the weights that CloudFormation has on record, which leaves an unchanged
rule alone; only when the rule changes for another reason does it put the live weights in.
"""

import copy
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

RULE: Final = "AWS::ElasticLoadBalancingV2::ListenerRule"
LISTENER: Final = "AWS::ElasticLoadBalancingV2::Listener"
_ACTIONS: Final = {RULE: "Actions", LISTENER: "DefaultActions"}
_PATH: Final = re.compile(r"^/(Default)?Actions/\d+/ForwardConfig/TargetGroups/\d+/Weight$")

Weights = dict[tuple[str, str], str]
"""(rule's logical id, target group's logical id) → weight."""


def owned_by_operator(resource_type: str, path: str) -> bool:
    """Return whether a drifted property is one that the operator sets."""
    return resource_type in _ACTIONS and bool(_PATH.match(path))


def rules(body: Mapping[str, Any]) -> dict[str, str]:
    """Return the logical ids of what carries weights, with their types."""
    return {rule: str(body["Resources"][rule]["Type"]) for rule, _, _ in _targets(body)}


def recorded(body: Mapping[str, Any], parameters: Mapping[str, str]) -> Weights:
    """Read the weights of a deployed template; `parameters` are its values."""
    found: Weights = {}
    for rule, group, target in _targets(body):
        weight = target["Weight"]
        if isinstance(weight, dict):
            default = body.get("Parameters", {}).get(weight.get("Ref"), {}).get("Default")
            weight = parameters.get(weight.get("Ref", ""), default)
        if weight is not None:
            found[rule, group] = str(weight)
    return found


def carry(body: Mapping[str, Any], weights: Weights) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the template with these weights, and the parameters to give where it asks for them."""
    result = copy.deepcopy(dict(body))
    parameters: dict[str, str] = {}
    for rule, group, target in _targets(result):
        if (rule, group) not in weights:
            continue
        weight = target["Weight"]
        if isinstance(weight, dict):
            parameters[weight["Ref"]] = weights[rule, group]
        else:
            target["Weight"] = type(weight)(weights[rule, group])
    return result, parameters


def live(rule: str, answer: Mapping[str, Any], groups: Mapping[str, str]) -> Weights:
    """Read the weights of a rule or listener as ELB describes it; `groups` is target group ARN → logical id."""
    actions = answer.get("Actions", answer.get("DefaultActions", ()))
    targets = [
        target for action in actions for target in action.get("ForwardConfig", {}).get("TargetGroups", ())
    ]
    return {
        (rule, groups[target["TargetGroupArn"]]): str(target["Weight"])
        for target in targets
        if target.get("TargetGroupArn") in groups and "Weight" in target
    }


def _targets(body: Mapping[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for logical_id, resource in body.get("Resources", {}).items():
        key = _ACTIONS.get(resource["Type"])
        for action in resource.get("Properties", {}).get(key, ()) if key else ():
            for target in action.get("ForwardConfig", {}).get("TargetGroups", ()):
                arn = target.get("TargetGroupArn")
                if "Weight" in target and isinstance(arn, dict) and "Ref" in arn:
                    yield logical_id, arn["Ref"], target
