"""S3 buckets: private, encrypted, versioned, TLS only, with old versions cleared away."""

from typing import Any

from awacs import s3 as actions
from awacs.aws import Allow, ArnLike, Bool, Condition, Deny, Principal, Statement, StringEquals
from troposphere import GetAtt, Ref, Sub, s3

from chess_stacks.parts import iam, retention
from chess_stacks.parts.stack import Draft


def add(
    draft: Draft, logical_id: str, *, key: Any = None, expire_days: int | None = None, logs_to: Any = None
) -> s3.Bucket:
    """Add a bucket; with `expire_days`, its objects go after that time."""
    logging: dict[str, Any] = {}
    if logs_to is not None:
        logging["LoggingConfiguration"] = s3.LoggingConfiguration(
            DestinationBucketName=logs_to, LogFilePrefix=f"s3/{logical_id}/"
        )
    return draft.add(
        s3.Bucket(
            logical_id,
            BucketEncryption=_encryption(key),
            OwnershipControls=s3.OwnershipControls(
                Rules=[s3.OwnershipControlsRule(ObjectOwnership="BucketOwnerEnforced")]
            ),
            PublicAccessBlockConfiguration=s3.PublicAccessBlockConfiguration(
                BlockPublicAcls=True,
                BlockPublicPolicy=True,
                IgnorePublicAcls=True,
                RestrictPublicBuckets=True,
            ),
            VersioningConfiguration=s3.VersioningConfiguration(Status="Enabled"),
            LifecycleConfiguration=_lifecycle(expire_days),
            Tags=draft.tags(logical_id),
            **logging,
            **retention.retain(draft.profile),
        )
    )


def policy(draft: Draft, bucket: str, *statements: Statement) -> s3.BucketPolicy:
    """Add a bucket's policy; whatever else is in it, plain HTTP is refused."""
    only_tls = Statement(
        Sid="OnlyTls",
        Effect=Deny,
        Principal=Principal("*"),
        Action=[actions.Action("*")],
        Resource=[GetAtt(bucket, "Arn"), Sub(f"${{{bucket}.Arn}}/*")],
        Condition=Condition(Bool("aws:SecureTransport", "false")),
    )
    return draft.add(
        s3.BucketPolicy(
            f"{bucket}Policy", Bucket=Ref(bucket), PolicyDocument=iam.document(*statements, only_tls)
        )
    )


def log_delivery(bucket: str, keys: str) -> list[Statement]:
    """Let CloudWatch's log delivery look at a bucket and write under some keys, for this account only."""
    source = Sub("arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}:*")
    own = Condition(
        [StringEquals("aws:SourceAccount", Ref("AWS::AccountId")), ArnLike("aws:SourceArn", source)]
    )
    principal = Principal("Service", "delivery.logs.amazonaws.com")
    return [
        Statement(
            Sid="LogDeliveryLook",
            Effect=Allow,
            Principal=principal,
            Action=[actions.GetBucketAcl],
            Resource=[GetAtt(bucket, "Arn")],
            Condition=own,
        ),
        Statement(
            Sid="LogDeliveryWrite",
            Effect=Allow,
            Principal=principal,
            Action=[actions.PutObject],
            Resource=[Sub(f"${{{bucket}.Arn}}/{keys}")],
            Condition=own,
        ),
    ]


def _encryption(key: Any) -> s3.BucketEncryption:
    how = (
        {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key} if key is not None else {"SSEAlgorithm": "AES256"}
    )
    return s3.BucketEncryption(
        ServerSideEncryptionConfiguration=[
            s3.ServerSideEncryptionRule(
                ServerSideEncryptionByDefault=s3.ServerSideEncryptionByDefault(**how),
                BucketKeyEnabled=key is not None,
            )
        ]
    )


def _lifecycle(expire_days: int | None) -> s3.LifecycleConfiguration:
    expiry: dict[str, Any] = {"ExpirationInDays": expire_days} if expire_days else {}
    return s3.LifecycleConfiguration(
        Rules=[
            s3.LifecycleRule(
                Id="old",
                Status="Enabled",
                NoncurrentVersionExpiration=s3.NoncurrentVersionExpiration(NoncurrentDays=30),
                AbortIncompleteMultipartUpload=s3.AbortIncompleteMultipartUpload(DaysAfterInitiation=7),
                **expiry,
            )
        ]
    )
