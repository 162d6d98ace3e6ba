"""Roles and policies: every policy is an awacs value, every role carries the environment's permission boundary.

Physical role names stay unset, so CloudFormation names them `chess-<env>-<stack>-…`; that prefix is what
execution roles and pass-role permissions are scoped to.
"""

from collections.abc import Iterable
from typing import Any

from awacs import kms, sts
from awacs.aws import Action, Allow, ArnLike, Condition, PolicyDocument, Principal, Statement, StringEquals
from troposphere import Ref, Sub
from troposphere import iam as cfn

from chess_stacks.parts import names
from chess_stacks.parts.stack import Draft

VERSION = "2012-10-17"
NODE_POLICIES = (
    "AmazonEKSWorkerNodePolicy",
    "AmazonEC2ContainerRegistryPullOnly",
    "AmazonSSMManagedInstanceCore",
)
"""AWS' policies for a node; vpc-cni has a role of its own."""


def document(*statements: Statement) -> PolicyDocument:
    """Put statements into a document of the current version."""
    return PolicyDocument(Version=VERSION, Statement=list(statements))


def allow(
    sid: str, actions: Iterable[Action], resources: Iterable[Any], condition: Condition | None = None
) -> Statement:
    """Make an allowing statement, with its actions sorted so that templates are stable."""
    more = {"Condition": condition} if condition else {}
    return Statement(
        Sid=sid,
        Effect=Allow,
        Action=sorted(actions, key=lambda action: action.JSONrepr()),
        Resource=list(resources),
        **more,
    )


def service_trust(service: str) -> PolicyDocument:
    """Let an AWS service assume the role, on behalf of this account only."""
    return document(
        Statement(
            Effect=Allow,
            Principal=Principal("Service", service),
            Action=[sts.AssumeRole],
            Condition=Condition(StringEquals("aws:SourceAccount", Ref("AWS::AccountId"))),
        )
    )


def plain_trust(service: str) -> PolicyDocument:
    """Let a service assume the role that sends no source account (EC2 and EKS themselves)."""
    return document(Statement(Effect=Allow, Principal=Principal("Service", service), Action=[sts.AssumeRole]))


def cluster_trust() -> PolicyDocument:
    """Let an Auto Mode control plane assume the role: it tags its sessions."""
    return document(
        Statement(
            Effect=Allow,
            Principal=Principal("Service", "eks.amazonaws.com"),
            Action=[sts.AssumeRole, sts.TagSession],
        )
    )


def eks_policy(name: str) -> Sub:
    """Return the ARN of one of EKS' access policies."""
    return Sub(f"arn:${{AWS::Partition}}:eks::aws:cluster-access-policy/{name}")


def pod_trust(namespace: str, account: str) -> PolicyDocument:
    """Let EKS Pod Identity assume the role for one service account."""
    return document(
        Statement(
            Effect=Allow,
            Principal=Principal("Service", "pods.eks.amazonaws.com"),
            Action=[sts.AssumeRole, sts.TagSession],
            Condition=Condition(
                StringEquals(
                    {
                        "aws:RequestTag/kubernetes-namespace": namespace,
                        "aws:RequestTag/kubernetes-service-account": account,
                    }
                )
            ),
        )
    )


def managed(*policies: str) -> list[Sub]:
    """Return the ARNs of AWS' own policies in whichever partition the stack runs."""
    return [Sub(f"arn:${{AWS::Partition}}:iam::aws:policy/{name}") for name in policies]


def role(
    draft: Draft,
    logical_id: str,
    trust: PolicyDocument,
    *,
    description: str,
    statements: Iterable[Statement] = (),
    managed_policies: Iterable[str] = (),
) -> cfn.Role:
    """Add a bounded role."""
    own = list(statements)
    attached = managed(*managed_policies)
    more: dict[str, Any] = {}
    if own:
        more["Policies"] = [cfn.Policy(PolicyName="own", PolicyDocument=document(*own))]
    if attached:
        more["ManagedPolicyArns"] = attached
    return draft.add(
        cfn.Role(
            logical_id,
            AssumeRolePolicyDocument=trust,
            Description=description,
            PermissionsBoundary=draft.take(names.BOOTSTRAP, "BoundaryArn"),
            Tags=draft.tags(),
            **more,
        )
    )


def key_document(*services: Statement) -> PolicyDocument:
    """Make a key policy: the account administers the key by IAM; services may use it as stated."""
    return document(
        Statement(
            Sid="Account",
            Effect=Allow,
            Principal=Principal("AWS", Sub("arn:${AWS::Partition}:iam::${AWS::AccountId}:root")),
            Action=[kms.Action("*")],
            Resource=["*"],
        ),
        *services,
    )


def key_use(sid: str, service: Any, condition: Condition) -> Statement:
    """Let a service encrypt and decrypt with the key, within a condition."""
    return Statement(
        Sid=sid,
        Effect=Allow,
        Principal=Principal("Service", service),
        Action=[
            kms.Decrypt,
            kms.DescribeKey,
            kms.Encrypt,
            kms.GenerateDataKey,
            kms.GenerateDataKeyWithoutPlaintext,
            kms.ReEncryptFrom,
            kms.ReEncryptTo,
        ],
        Resource=["*"],
        Condition=condition,
    )


def key_use_by_logs(log_groups: Sub) -> Statement:
    """Let CloudWatch Logs of this region use the key, for log groups whose ARNs match the pattern."""
    service = Sub("logs.${AWS::Region}.amazonaws.com")
    return key_use("Logs", service, Condition(ArnLike("kms:EncryptionContext:aws:logs:arn", log_groups)))
