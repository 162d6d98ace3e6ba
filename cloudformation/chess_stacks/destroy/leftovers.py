"""What an environment leaves behind in the account, by its tags: retained on purpose, or forgotten by a controller."""

from dataclasses import dataclass
from typing import Final

from botocore import exceptions as aws

from chess_stacks.account.environment import ENV_TAG, Environment
from chess_stacks.parts import names

_CONTROLLERS: Final = (
    "elbv2.k8s.aws/cluster",
    "kubernetes.io/cluster/{cluster}",
    "ebs.csi.aws.com/cluster-name",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Leftover:
    """One resource that is still in the account."""

    arn: str
    region: str
    made_by: str
    """`stack` or `controller`."""
    going: str = ""
    """The day on which AWS deletes it by itself, as it does with keys; empty for anything else."""

    def __str__(self) -> str:
        """Name it, who made it, and until when it stays."""
        end = f", will be deleted on {self.going}" if self.going else ""
        return f"{self.arn} (made by a {self.made_by}{end})"


def find(environment: Environment) -> tuple[tuple[Leftover, ...], tuple[str, ...]]:
    """Return what is left in each region, and which look-ups could not be made."""
    found: dict[str, Leftover] = {}
    missed: list[str] = []
    for region in environment.regions():
        try:
            for leftover in _of_region(environment, region):
                found.setdefault(leftover.arn, leftover)
        except (aws.ClientError, aws.BotoCoreError) as error:
            missed.append(f"{region}: the tagging API could not be asked ({type(error).__name__})")
    return tuple(found.values()), tuple(missed)


def _of_region(environment: Environment, region: str) -> list[Leftover]:
    tagging = environment.clients.get("resourcegroupstaggingapi", region)
    cluster = names.cluster_name(environment.env)
    asked = [(ENV_TAG, environment.env, "stack")]
    asked += [(tag.format(cluster=cluster), cluster, "controller") for tag in _CONTROLLERS]
    result = []
    for tag, value, made_by in asked:
        wanted = {"Key": tag} if "kubernetes.io/cluster/" in tag else {"Key": tag, "Values": [value]}
        pages = tagging.get_paginator("get_resources").paginate(TagFilters=[wanted])
        for page in pages:
            result += [
                Leftover(
                    arn=entry["ResourceARN"],
                    region=region,
                    made_by=made_by,
                    going=_going(environment, region, entry["ResourceARN"]),
                )
                for entry in page["ResourceTagMappingList"]
                if ":cloudformation:" not in entry["ResourceARN"]
            ]
    return result


def _going(environment: Environment, region: str, arn: str) -> str:
    """Return the day on which a deleted key goes; no other service lists what it has deleted among the tagged."""
    if ":kms:" not in arn:
        return ""
    try:
        key = environment.clients.get("kms", region).describe_key(KeyId=arn)["KeyMetadata"]
    except (aws.ClientError, aws.BotoCoreError):
        return ""
    return str(key["DeletionDate"].date()) if key["KeyState"] == "PendingDeletion" else ""
