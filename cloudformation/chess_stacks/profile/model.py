"""A profile: everything a person decides about an environment, as one frozen tree. Nothing below sees a bare dict."""

from typing import Annotated

from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass

from chess_stacks.profile.sections import (
    AnyDatabase,
    Bootstrap,
    Cache,
    Edge,
    Eks,
    Observability,
    Security,
    Vpc,
)


@dataclass(frozen=True, slots=True, kw_only=True, config=ConfigDict(extra="forbid"))
class Profile:
    """One environment, wholly described."""

    name: str
    """The shipped profile that this one stands on."""
    env: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,14}[a-z0-9]$")]
    account: Annotated[str, Field(pattern=r"^\d{12}$")] | None = None
    """The only account that commands may touch; None takes the one that the credentials belong to."""
    region: Annotated[str, Field(pattern=r"^[a-z]{2}(-[a-z]+)+-\d$")]
    keep_data: bool = Field(
        default=True, description="on destroy: leave a final snapshot, keys and buckets rather than nothing"
    )
    bootstrap: Bootstrap = Field(default_factory=Bootstrap)
    network: Vpc
    security: Security
    database: AnyDatabase
    cache: Cache
    eks: Eks
    edge: Edge
    observability: Observability
    tags: dict[str, str] = Field(default_factory=dict)
    why: dict[str, str] = Field(default_factory=dict)
    """Field path → why this profile sets it so; `explain` prints it."""
