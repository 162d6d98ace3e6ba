"""Where ministack's own handlers are wrong about AWS, and what is put right: each with its reason."""

from typing import Any

import backed
import protected
from ministack.services import alb, s3, secretsmanager
from ministack.services.cloudformation import drift

JsonObject = dict[str, Any]
SECRET = "AWS::SecretsManager::Secret"
BUCKET = "AWS::S3::Bucket"
RULE = "AWS::ElasticLoadBalancingV2::ListenerRule"

# Native handlers that generated ones replace.
DISTRUSTED = {
    "AWS::ElastiCache::ReplicationGroup": "refuses two shards, which AWS allows in cluster mode",
}


def apply(handlers: dict[str, JsonObject]) -> None:
    """Correct the table of native handlers in place."""
    _secret_is_its_arn(handlers[SECRET])
    _bucket_must_be_empty(handlers[BUCKET])
    _forwards_have_weights(handlers[RULE])
    protected.apply(handlers)
    backed.apply()


def _secret_is_its_arn(entry: JsonObject) -> None:
    """Ref of a secret is its ARN; ministack says its name."""
    create, update, delete = entry["create"], entry["update"], entry["delete"]
    read, properties = drift._DRIFT_READERS[SECRET]

    def created(logical_id: str, props: JsonObject, stack: str) -> tuple[str, JsonObject]:
        _, attributes = create(logical_id, props, stack)
        return attributes["Arn"], attributes

    def updated(arn: str, old: JsonObject, new: JsonObject, *rest: str) -> tuple[str, JsonObject]:
        name, attributes = update(_name(arn), old, new, *rest)
        return secretsmanager._secrets[name]["ARN"], attributes

    entry |= {
        "create": created,
        "update": updated,
        "delete": lambda arn, props: delete(_name(arn), props),
    }
    drift._DRIFT_READERS[SECRET] = (lambda arn, props: read(_name(arn), props), properties)


def _name(arn: str) -> str:
    found = (name for name, secret in secretsmanager._secrets.items() if secret["ARN"] == arn)
    return next(found, arn)


def _bucket_must_be_empty(entry: JsonObject) -> None:
    """AWS refuses to delete a bucket that holds objects; ministack's stacks throw them away."""
    delete = entry["delete"]

    def deleted(name: str, props: JsonObject) -> None:
        bucket = s3._buckets.get(name)
        if bucket is not None and (bucket["objects"] or s3._bucket_has_versions(name)):
            raise ValueError(f"The bucket you tried to delete is not empty: {name}")
        delete(name, props)

    entry["delete"] = deleted


def _forwards_have_weights(entry: JsonObject) -> None:
    """A forward action spreads by weight; ministack knows single target groups only."""
    parse, render = alb._parse_actions, alb._action_xml
    create, update = entry["create"], entry["update"]

    def parsed(params: JsonObject, prefix: str = "DefaultActions") -> list[JsonObject]:
        actions = parse(params, prefix)
        for number, action in enumerate(actions, start=1):
            if targets := _targets(params, f"{prefix}.member.{number}.ForwardConfig.TargetGroups.member"):
                action["ForwardConfig"] = {"TargetGroups": targets}
        return actions

    def rendered(action: JsonObject) -> str:
        members = "".join(
            f"<member><TargetGroupArn>{target['TargetGroupArn']}</TargetGroupArn>"
            f"<Weight>{target['Weight']}</Weight></member>"
            for target in action.get("ForwardConfig", {}).get("TargetGroups", ())
        )
        forward = f"<ForwardConfig><TargetGroups>{members}</TargetGroups></ForwardConfig>" if members else ""
        # ministack wraps the action in one <member>.
        return render(action).removesuffix("</member>") + forward + "</member>"

    def with_weights(created: tuple[str, JsonObject], props: JsonObject) -> tuple[str, JsonObject]:
        for action, given in zip(alb._rules[created[0]]["Actions"], props["Actions"], strict=False):
            if "ForwardConfig" in given:
                action["ForwardConfig"] = given["ForwardConfig"]
        return created

    alb._parse_actions, alb._action_xml = parsed, rendered
    entry |= {
        "create": lambda name, props, stack: with_weights(create(name, props, stack), props),
        "update": lambda arn, old, new, *rest: with_weights(update(arn, old, new, *rest), new),
    }


def _targets(params: JsonObject, prefix: str) -> list[JsonObject]:
    found: list[JsonObject] = []
    while arn := alb._p(params, f"{prefix}.{len(found) + 1}.TargetGroupArn"):
        weight = alb._p(params, f"{prefix}.{len(found) + 1}.Weight", "1")
        found.append({"TargetGroupArn": arn, "Weight": int(weight)})
    return found
