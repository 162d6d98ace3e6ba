"""What an environment needs first: a key, buckets, image repositories, a permission boundary, a budget.

It is deployed inline and with the caller's own rights, as neither the bucket for templates nor a role exists yet.
"""

import json
from typing import Any

from awacs import s3 as s3_actions
from awacs.aws import Allow, Condition, Principal, Statement, StringEquals
from troposphere import GetAtt, Ref, Sub, budgets, ecr, kms

from chess_stacks.parts import boundary, buckets, iam, names, retention
from chess_stacks.parts.stack import Draft, define


def compose(draft: Draft) -> None:
    """Fill the bootstrap template."""
    _key(draft)
    _log_bucket(draft)
    _artifacts(draft)
    for name in draft.profile.bootstrap.repositories:
        _repository(draft, name)
    boundary.add(draft)
    _budget(draft)


def _key(draft: Draft) -> None:
    groups = Sub("arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}:log-group:*")
    account = Condition(StringEquals("aws:SourceAccount", Ref("AWS::AccountId")))
    key = draft.add(
        kms.Key(
            "BaseKey",
            Description=f"{names.stack_name(draft.profile.env, draft.key)}: artifacts, images, logs and alarms",
            EnableKeyRotation=True,
            PendingWindowInDays=draft.profile.security.key_deletion_days,
            KeyPolicy=iam.key_document(
                iam.key_use_by_logs(groups),
                iam.key_use("Alarms", "cloudwatch.amazonaws.com", account),
            ),
            Tags=draft.tags("base"),
            **retention.retain(draft.profile),
        )
    )
    draft.give("BaseKeyArn", GetAtt(key, "Arn"), "Key of artifacts, images, logs and alarms")


def _log_bucket(draft: Draft) -> None:
    """Load balancers only write to a bucket that S3 itself encrypts."""
    bucket = buckets.add(draft, "LogBucket", expire_days=90)
    deliveries = buckets.log_delivery("LogBucket", "flow-logs/*")
    writers = {
        "LoadBalancers": (
            "logdelivery.elasticloadbalancing.amazonaws.com",
            "alb/AWSLogs/${AWS::AccountId}/*",
        ),
        "BucketLogs": ("logging.s3.amazonaws.com", "s3/*"),
    }
    own = [_writer(sid, *given) for sid, given in writers.items()]
    buckets.policy(draft, "LogBucket", *own, *deliveries)
    draft.give("LogBucketName", Ref(bucket), "Access and flow logs")
    draft.give("LogBucketArn", GetAtt(bucket, "Arn"), "Access and flow logs")


def _writer(sid: str, service: str, keys: str) -> Statement:
    """Let a service write under its own prefix. Load balancers' logs are bound to the account by their path."""
    bound = Condition(StringEquals("aws:SourceAccount", Ref("AWS::AccountId")))
    more = {} if "AccountId" in keys else {"Condition": bound}
    return Statement(
        Sid=sid,
        Effect=Allow,
        Principal=Principal("Service", service),
        Action=[s3_actions.PutObject],
        Resource=[Sub(f"${{LogBucket.Arn}}/{keys}")],
        **more,
    )


def _artifacts(draft: Draft) -> None:
    bucket = buckets.add(draft, "ArtifactBucket", key=GetAtt("BaseKey", "Arn"), logs_to=Ref("LogBucket"))
    buckets.policy(draft, "ArtifactBucket")
    draft.give("ArtifactBucketName", Ref(bucket), "Templates that are too large to send inline")


def _repository(draft: Draft, name: str) -> None:
    keep = draft.profile.bootstrap.keep_images
    rules = [
        _lifecycle(
            1,
            "untagged images go after two weeks",
            tagStatus="untagged",
            countType="sinceImagePushed",
            days=14,
        ),
        _lifecycle(2, f"the newest {keep} stay", tagStatus="any", countType="imageCountMoreThan", count=keep),
    ]
    repository = draft.add(
        ecr.Repository(
            f"{names.pascal(name.replace('/', '-'))}Repository",
            RepositoryName=f"{names.cluster_name(draft.profile.env)}/{name}",
            ImageScanningConfiguration=ecr.ImageScanningConfiguration(ScanOnPush=True),
            ImageTagMutability="IMMUTABLE",
            EncryptionConfiguration=ecr.EncryptionConfiguration(
                EncryptionType="KMS", KmsKey=GetAtt("BaseKey", "Arn")
            ),
            LifecyclePolicy=ecr.LifecyclePolicy(LifecyclePolicyText=json.dumps({"rules": rules})),
            EmptyOnDelete=not draft.profile.keep_data,
            Tags=draft.tags(name),
            **retention.retain(draft.profile),
        )
    )
    title = names.pascal(name.replace("/", "-"))
    draft.give(f"{title}RepositoryUri", GetAtt(repository, "RepositoryUri"), f"Images of {name}")


def _lifecycle(priority: int, description: str, **given: Any) -> dict[str, Any]:
    selection = {"tagStatus": given["tagStatus"], "countType": given["countType"]}
    selection |= (
        {"countUnit": "days", "countNumber": given["days"]}
        if "days" in given
        else {"countNumber": given["count"]}
    )
    return {
        "rulePriority": priority,
        "description": description,
        "selection": selection,
        "action": {"type": "expire"},
    }


def _budget(draft: Draft) -> None:
    wanted = draft.profile.bootstrap
    if not wanted.budget_usd:
        return
    warned = [budgets.Subscriber(Address=wanted.budget_email, SubscriptionType="EMAIL")]
    draft.add(
        budgets.Budget(
            "Budget",
            Budget=budgets.BudgetData(
                BudgetType="COST",
                TimeUnit="MONTHLY",
                BudgetLimit=budgets.Spend(Amount=wanted.budget_usd, Unit="USD"),
                CostFilters={"TagKeyValue": [f"user:chess:env${draft.profile.env}"]},
            ),
            NotificationsWithSubscribers=[
                budgets.NotificationWithSubscribers(
                    Notification=budgets.Notification(
                        ComparisonOperator="GREATER_THAN",
                        NotificationType=kind,
                        Threshold=percent,
                        ThresholdType="PERCENTAGE",
                    ),
                    Subscribers=warned,
                )
                for kind, percent in (("ACTUAL", 80), ("ACTUAL", 100), ("FORECASTED", 100))
            ],
        )
    )


STACK = define(
    names.BOOTSTRAP, "Key, buckets, image repositories and the permission boundary; first of all", compose
)
