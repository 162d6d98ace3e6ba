"""Where ministack's own handlers are wrong about AWS, and what is put right: each with its reason."""

from __future__ import annotations

from typing import Any

from ministack.services import secretsmanager
from ministack.services.cloudformation import drift

JsonObject = dict[str, Any]
SECRET = "AWS::SecretsManager::Secret"

# Native handlers that generated ones replace.
DISTRUSTED = {
    "AWS::ElastiCache::ReplicationGroup": "refuses two shards, which AWS allows in cluster mode",
}


def apply(handlers: dict[str, JsonObject]) -> None:
    """Correct the table of native handlers in place."""
    _secret_is_its_arn(handlers[SECRET])


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
