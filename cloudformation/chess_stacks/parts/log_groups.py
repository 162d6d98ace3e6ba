"""Log groups, encrypted with the environment's base key and kept for a stated time."""

from typing import Any

from troposphere import logs

from chess_stacks.parts import names, retention
from chess_stacks.parts.stack import Draft


def group(
    draft: Draft, logical_id: str, days: int, name: str | None = None, key: Any = None
) -> logs.LogGroup:
    """Add a log group; a name only where a service insists on one."""
    more: dict[str, Any] = {"LogGroupName": name} if name else {}
    return draft.add(
        logs.LogGroup(
            logical_id,
            RetentionInDays=days,
            KmsKeyId=key or draft.take(names.BOOTSTRAP, "BaseKeyArn"),
            Tags=draft.tags(),
            **more,
            **retention.delete(),
        )
    )
