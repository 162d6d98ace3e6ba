"""What AWS accepts, as dated tables: troposphere and cfn-lint let other values through, which AWS refuses.

Each table names the day it was read. A value that is newer than a table gets a warning and is not refused, so that the
project does not hold up a release; what is older, misspelt or contradictory is refused.
"""

from datetime import date
from typing import Final

EKS_TABLE_READ: Final = date(2026, 11, 20)
EKS_STANDARD_SUPPORT_ENDS: Final = {
    "1.35": date(2027, 3, 27),
    "1.36": date(2027, 8, 2),
    "1.37": None,
}
"""Kubernetes version → last day of standard support; None: not yet announced when the table was read."""
EKS_DEFAULT: Final = "1.36"

ADDONS: Final = (
    "vpc-cni",
    "kube-proxy",
    "eks-pod-identity-agent",
    "coredns",
    "aws-ebs-csi-driver",
    "metrics-server",
    "amazon-cloudwatch-observability",
    "eks-node-monitoring-agent",
    "snapshot-controller",
)

POSTGRES_MINORS: Final = {
    "rds": {
        15: (13, 14, 15, 16, 17, 18, 19),
        16: (9, 10, 11, 12, 13, 14, 15),
        17: (5, 6, 7, 8, 9, 10, 11),
        18: (1, 2, 3, 4, 6),
    },
    "aurora": {
        15: (10, 12, 13, 14, 15, 17, 18, 19),
        16: (8, 9, 10, 11, 13, 14, 15),
        17: (4, 5, 6, 7, 9, 10, 11),
        18: (3, 4, 6),
    },
}
"""Kind of database → major → minors on offer, without deprecated ones; cfn-lint 1.58, read 2026-11-20."""

CACHE_ENGINES: Final = {"valkey": ("7.2", "8.0", "8.1", "8.2"), "redis": ("6.2", "7.0", "7.1")}
"""ElastiCache engine → versions; from cfn-lint 1.58's tables, read 2026-11-20."""

SERVERLESS_MAJORS: Final = {"valkey": ("7", "8"), "redis": ("7",)}
"""ElastiCache Serverless takes a major version."""

AURORA_PAUSES_FROM: Final = {15: 7, 16: 3, 17: 0, 18: 0}
"""Aurora PostgreSQL major → first minor that can pause at 0 ACU (Serverless v2)."""

FULLY_PRIVATE_ENDPOINTS: Final = frozenset({"ecr.api", "ecr.dkr", "ec2", "sts", "eks", "eks-auth"})
"""Interface endpoints without which nodes cannot join where no route leads to the internet."""
INTERFACE_ENDPOINTS: Final = (
    "ecr.api",
    "ecr.dkr",
    "ec2",
    "sts",
    "eks",
    "eks-auth",
    "logs",
    "monitoring",
    "xray",
    "secretsmanager",
    "ssm",
    "kms",
    "sqs",
    "elasticloadbalancing",
    "autoscaling",
)
