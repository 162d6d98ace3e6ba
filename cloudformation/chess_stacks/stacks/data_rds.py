"""PostgreSQL: RDS with read replicas, or Aurora with a writer and readers.

RDS manages the master password (and rotates it) wherever it can. It cannot for an RDS instance that has read
replicas, so there the stack generates the secret itself and hands it over by dynamic reference; no password is
ever in the template.
"""

from collections.abc import Mapping
from typing import Any

from troposphere import GetAtt, Ref, Sub, applicationautoscaling, rds, secretsmanager

from chess_stacks.parts import iam, names, retention
from chess_stacks.parts.databases import AuroraCluster, Replica, ServerlessV2
from chess_stacks.parts.stack import Draft, define
from chess_stacks.profile.sections import AuroraDatabase, RdsDatabase
from chess_stacks.stacks.security import POSTGRES_PORT

DATABASE = "chess"
ADMIN = "chess"
_LOGS = {"log_min_duration_statement": "1000", "log_statement": "ddl", "rds.force_ssl": "1"}


def compose(draft: Draft) -> None:
    """Fill the database template."""
    draft.add(
        rds.DBSubnetGroup(
            "SubnetGroup",
            DBSubnetGroupDescription="Data subnets: no route to the internet",
            SubnetIds=draft.take("network", "DataSubnetIds", "List<AWS::EC2::Subnet::Id>"),
            Tags=draft.tags("database"),
        )
    )
    iam.role(
        draft,
        "MonitoringRole",
        iam.service_trust("monitoring.rds.amazonaws.com"),
        description="Enhanced monitoring of the database hosts",
        managed_policies=["service-role/AmazonRDSEnhancedMonitoringRole"],
    )
    database = draft.profile.database
    if isinstance(database, AuroraDatabase):
        _aurora(draft, database)
    else:
        _rds(draft, database)
    draft.give("DatabaseName", DATABASE, "Database that the server uses")


def _family(database: AuroraDatabase | RdsDatabase, engine: str) -> str:
    return f"{engine}{database.version.split('.')[0]}"


def _shared(draft: Draft, database: AuroraDatabase | RdsDatabase) -> dict[str, Any]:
    """Properties that a cluster and an instance of its own have in common."""
    return {
        "EngineVersion": database.version,
        "MasterUsername": ADMIN,
        "DBSubnetGroupName": Ref("SubnetGroup"),
        "BackupRetentionPeriod": database.backup_days,
        "CopyTagsToSnapshot": True,
        "DeletionProtection": database.deletion_protection,
        "EnableIAMDatabaseAuthentication": True,
        "StorageEncrypted": True,
        "KmsKeyId": draft.take("security", "DataKeyArn"),
        "Port": POSTGRES_PORT,
        "EnableCloudwatchLogsExports": ["postgresql"],
    }


def _managed_secret(draft: Draft) -> dict[str, Any]:
    return {
        "ManageMasterUserPassword": True,
        "MasterUserSecret": rds.MasterUserSecret(KmsKeyId=draft.take("security", "DataKeyArn")),
    }


def _watched(draft: Draft) -> dict[str, Any]:
    """Insight into one instance."""
    return {
        "MonitoringInterval": 60,
        "MonitoringRoleArn": GetAtt("MonitoringRole", "Arn"),
        "EnablePerformanceInsights": True,
        "PerformanceInsightsRetentionPeriod": 7,
        "PerformanceInsightsKMSKeyId": draft.take("security", "DataKeyArn"),
        "AutoMinorVersionUpgrade": True,
        "PubliclyAccessible": False,
    }


def _security_groups(draft: Draft) -> list[Ref]:
    return [draft.take("security", "DatabaseSecurityGroupId", "AWS::EC2::SecurityGroup::Id")]


def _only_zone(draft: Draft) -> Mapping[str, Any]:
    if not draft.profile.network.single_zone:
        return {}
    return {"AvailabilityZone": draft.take("network", "FirstZone")}


def _aurora(draft: Draft, database: AuroraDatabase) -> None:
    group = draft.add(
        rds.DBClusterParameterGroup(
            "ClusterParameters",
            Description="TLS only; slow statements are logged",
            Family=_family(database, "aurora-postgresql"),
            Parameters=_LOGS,
            Tags=draft.tags(),
        )
    )
    scaling: dict[str, Any] = {}
    if database.capacity == "serverless":
        pause: dict[str, Any] = (
            {"SecondsUntilAutoPause": database.pause_after_seconds} if database.min_acu == 0 else {}
        )
        scaling["ServerlessV2ScalingConfiguration"] = ServerlessV2(
            MinCapacity=database.min_acu, MaxCapacity=database.max_acu, **pause
        )
    cluster = draft.add(
        AuroraCluster(
            "Cluster",
            Engine="aurora-postgresql",
            DatabaseName=DATABASE,
            DBClusterParameterGroupName=Ref(group),
            VpcSecurityGroupIds=_security_groups(draft),
            Tags=draft.tags("cluster"),
            **_shared(draft, database),
            **_managed_secret(draft),
            **scaling,
            **retention.snapshot(draft.profile),
        )
    )
    _member(draft, database, "Writer")
    for number in range(1, database.min_readers + 1):
        _member(draft, database, f"Reader{number}", DependsOn="Writer")
    if database.max_readers > database.min_readers:
        _autoscale_readers(draft, database)
    draft.give("Endpoint", GetAtt(cluster, "Endpoint.Address"), "Writes go here")
    draft.give("ReaderEndpoint", GetAtt(cluster, "ReadEndpoint.Address"), "Reads that may lag go here")
    draft.give("Port", GetAtt(cluster, "Endpoint.Port"), "Port of both")
    draft.give(
        "SecretArn", GetAtt(cluster, "MasterUserSecret.SecretArn"), "ARN of the secret, never its value"
    )
    draft.give("ClusterId", Ref(cluster), "Cluster identifier, for alarms")


def _member(draft: Draft, database: AuroraDatabase, logical_id: str, **more: Any) -> None:
    size = "db.serverless" if database.capacity == "serverless" else database.instance_class
    draft.add(
        rds.DBInstance(
            logical_id,
            Engine="aurora-postgresql",
            DBClusterIdentifier=Ref("Cluster"),
            DBInstanceClass=size,
            PromotionTier=1,
            Tags=draft.tags(logical_id),
            **_watched(draft),
            **_only_zone(draft),
            **more,
            **retention.delete(),
        )
    )


def _autoscale_readers(draft: Draft, database: AuroraDatabase) -> None:
    target = draft.add(
        applicationautoscaling.ScalableTarget(
            "ReaderScaling",
            ServiceNamespace="rds",
            ScalableDimension="rds:cluster:ReadReplicaCount",
            ResourceId=Sub("cluster:${Cluster}"),
            MinCapacity=database.min_readers,
            MaxCapacity=database.max_readers,
            DependsOn="Writer",
        )
    )
    draft.add(
        applicationautoscaling.ScalingPolicy(
            "ReaderScalingPolicy",
            PolicyName=f"{names.stack_name(draft.profile.env, draft.key)}-readers",
            PolicyType="TargetTrackingScaling",
            ScalingTargetId=Ref(target),
            TargetTrackingScalingPolicyConfiguration=(
                applicationautoscaling.TargetTrackingScalingPolicyConfiguration(
                    PredefinedMetricSpecification=applicationautoscaling.PredefinedMetricSpecification(
                        PredefinedMetricType="RDSReaderAverageCPUUtilization"
                    ),
                    TargetValue=database.reader_cpu_percent,
                    ScaleInCooldown=300,
                    ScaleOutCooldown=60,
                )
            ),
        )
    )


def _rds(draft: Draft, database: RdsDatabase) -> None:
    group = draft.add(
        rds.DBParameterGroup(
            "Parameters",
            Description="TLS only; slow statements are logged",
            Family=_family(database, "postgres"),
            Parameters=_LOGS,
            Tags=draft.tags(),
        )
    )
    zone = {} if database.multi_az else _only_zone(draft)
    primary = draft.add(
        rds.DBInstance(
            "Primary",
            Engine="postgres",
            DBName=DATABASE,
            DBInstanceClass=database.instance_class,
            AllocatedStorage=str(database.storage_gib),
            MaxAllocatedStorage=database.max_storage_gib,
            StorageType="gp3",
            MultiAZ=database.multi_az,
            DBParameterGroupName=Ref(group),
            VPCSecurityGroups=_security_groups(draft),
            Tags=draft.tags("primary"),
            **_shared(draft, database),
            **_watched(draft),
            **(_own_secret(draft) if database.replicas else _managed_secret(draft)),
            **zone,
            **retention.snapshot(draft.profile),
        )
    )
    for number in range(1, database.replicas + 1):
        _replica(draft, database, number)
    reader = "Replica1" if database.replicas else "Primary"
    secret = Ref("AdminSecret") if database.replicas else GetAtt(primary, "MasterUserSecret.SecretArn")
    draft.give("Endpoint", GetAtt(primary, "Endpoint.Address"), "Writes go here")
    draft.give("ReaderEndpoint", GetAtt(reader, "Endpoint.Address"), "Reads that may lag go here")
    draft.give("Port", GetAtt(primary, "Endpoint.Port"), "Port of both")
    draft.give("SecretArn", secret, "ARN of the secret, never its value")
    draft.give("InstanceId", Ref(primary), "Instance identifier, for alarms")


def _own_secret(draft: Draft) -> dict[str, Any]:
    draft.add(
        secretsmanager.Secret(
            "AdminSecret",
            Description=f"{names.stack_name(draft.profile.env, draft.key)}: administrator of the database",
            KmsKeyId=draft.take("security", "DataKeyArn"),
            GenerateSecretString=secretsmanager.GenerateSecretString(
                SecretStringTemplate=f'{{"username": "{ADMIN}"}}',
                GenerateStringKey="password",
                PasswordLength=40,
                ExcludePunctuation=True,
            ),
            Tags=draft.tags("admin"),
            **retention.retain(draft.profile),
        )
    )
    draft.add(
        secretsmanager.SecretTargetAttachment(
            "AdminSecretAttachment",
            SecretId=Ref("AdminSecret"),
            TargetId=Ref("Primary"),
            TargetType="AWS::RDS::DBInstance",
        )
    )
    return {"MasterUserPassword": Sub("{{resolve:secretsmanager:${AdminSecret}:SecretString:password}}")}


def _replica(draft: Draft, database: RdsDatabase, number: int) -> None:
    draft.add(
        Replica(
            f"Replica{number}",
            Engine="postgres",
            SourceDBInstanceIdentifier=GetAtt("Primary", "DBInstanceArn"),
            DBInstanceClass=database.instance_class,
            StorageType="gp3",
            DeletionProtection=database.deletion_protection,
            CopyTagsToSnapshot=True,
            EnableIAMDatabaseAuthentication=True,
            EnableCloudwatchLogsExports=["postgresql"],
            VPCSecurityGroups=_security_groups(draft),
            DBParameterGroupName=Ref("Parameters"),
            Tags=draft.tags(f"replica-{number}"),
            **_watched(draft),
            **_only_zone(draft),
            **retention.delete(),
        )
    )


STACK = define(
    "data-rds", "PostgreSQL for users, games and moves; the state that must never be lost", compose
)
