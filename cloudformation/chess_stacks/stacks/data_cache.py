"""ElastiCache: games in play, presence, fan-out and timers.

Nothing is ever evicted: a game in play that vanished would be a lost game, so a full cache refuses writes
instead. Every shape is encrypted in transit and at rest and admits one application user (and, for Redis, a
default user that may do nothing). The single node is a replication group of one, because a plain cache cluster
cannot be encrypted at rest.
"""

from typing import Any

from troposphere import GetAtt, Ref, Sub, elasticache

from chess_stacks.parts import names, retention
from chess_stacks.parts.stack import Draft, define
from chess_stacks.profile.sections import Cache
from chess_stacks.stacks.security import REDIS_PORT

_ACCESS = "on ~* &* +@all -@admin -@dangerous +info"
"""INFO is `dangerous` to Redis, and how the server notices a failover."""


def compose(draft: Draft) -> None:
    """Fill the cache template."""
    cache = draft.profile.cache
    _users(draft, cache)
    if cache.kind == "serverless":
        _serverless(draft, cache)
    else:
        _replication_group(draft, cache)


def _users(draft: Draft, cache: Cache) -> None:
    prefix = names.stack_name(draft.profile.env, "cache")
    password = Sub(
        "{{resolve:secretsmanager:${Secret}:SecretString:password}}",
        Secret=draft.take("security", "CachePasswordArn"),
    )
    draft.add(
        elasticache.User(
            "ServerUser",
            UserId=f"{prefix}-server",
            UserName="chess",
            Engine=cache.engine,
            AccessString=_ACCESS,
            AuthenticationMode=elasticache.AuthenticationMode(Type="password", Passwords=[password]),
            Tags=draft.tags("server"),
        )
    )
    members = [Ref("ServerUser")]
    if cache.engine == "redis":
        draft.add(
            elasticache.User(
                "DefaultUser",
                UserId=f"{prefix}-default",
                UserName="default",
                Engine="redis",
                AccessString="off ~keys* -@all",
                AuthenticationMode=elasticache.AuthenticationMode(Type="no-password-required"),
                Tags=draft.tags("default"),
            )
        )
        members.append(Ref("DefaultUser"))
    draft.add(
        elasticache.UserGroup(
            "Users",
            UserGroupId=f"{prefix}-users",
            Engine=cache.engine,
            UserIds=members,
            Tags=draft.tags("users"),
        )
    )


def _family(cache: Cache) -> str:
    major = cache.version.split(".")[0]
    return {"redis6": "redis6.x"}.get(f"{cache.engine}{major}", f"{cache.engine}{major}")


def _nodes(draft: Draft, cache: Cache) -> dict[str, Any]:
    """Return how many nodes there are, and where."""
    failover = cache.replicas > 0
    zones: dict[str, Any] = {"MultiAZEnabled": failover and not draft.profile.network.single_zone}
    if cache.kind == "cluster":
        return {
            "NumNodeGroups": cache.shards,
            "ReplicasPerNodeGroup": cache.replicas,
            "AutomaticFailoverEnabled": True,
            **zones,
        }
    if draft.profile.network.single_zone:
        zones["PreferredCacheClusterAZs"] = [draft.take("network", "FirstZone")] * (1 + cache.replicas)
    return {"NumCacheClusters": 1 + cache.replicas, "AutomaticFailoverEnabled": failover, **zones}


def _replication_group(draft: Draft, cache: Cache) -> None:
    clustered = cache.kind == "cluster"
    draft.add(
        elasticache.SubnetGroup(
            "SubnetGroup",
            Description="Data subnets: no route to the internet",
            SubnetIds=draft.take("network", "DataSubnetIds", "List<AWS::EC2::Subnet::Id>"),
            Tags=draft.tags("cache"),
        )
    )
    draft.add(
        elasticache.ParameterGroup(
            "Parameters",
            CacheParameterGroupFamily=_family(cache),
            Description="Refuse writes when full, never evict a game",
            Properties={
                "maxmemory-policy": "noeviction",
                **({"cluster-enabled": "yes"} if clustered else {}),
            },
            Tags=draft.tags(),
        )
    )
    group = draft.add(
        elasticache.ReplicationGroup(
            "ReplicationGroup",
            ReplicationGroupDescription=f"{names.stack_name(draft.profile.env, draft.key)}: games in play",
            Engine=cache.engine,
            EngineVersion=cache.version,
            CacheNodeType=cache.node_type,
            CacheParameterGroupName=Ref("Parameters"),
            CacheSubnetGroupName=Ref("SubnetGroup"),
            SecurityGroupIds=_security_groups(draft),
            UserGroupIds=[Ref("Users")],
            Port=REDIS_PORT,
            AtRestEncryptionEnabled=True,
            KmsKeyId=draft.take("security", "DataKeyArn"),
            TransitEncryptionEnabled=True,
            AutoMinorVersionUpgrade=True,
            SnapshotRetentionLimit=cache.snapshot_days,
            Tags=draft.tags("cache"),
            **_nodes(draft, cache),
            **retention.snapshot(draft.profile),
        )
    )
    primary = "ConfigurationEndPoint" if clustered else "PrimaryEndPoint"
    reader = "ConfigurationEndPoint" if clustered else "ReaderEndPoint"
    _publish(draft, GetAtt(group, f"{primary}.Address"), GetAtt(group, f"{reader}.Address"), Ref(group))


def _serverless(draft: Draft, cache: Cache) -> None:
    store = draft.add(
        elasticache.ServerlessCache(
            "ServerlessCache",
            ServerlessCacheName=names.stack_name(draft.profile.env, "cache"),
            Description="Games in play",
            Engine=cache.engine,
            MajorEngineVersion=cache.version,
            CacheUsageLimits=elasticache.CacheUsageLimits(
                DataStorage=elasticache.DataStorage(Maximum=cache.max_data_gb, Unit="GB"),
                ECPUPerSecond=elasticache.ECPUPerSecond(Maximum=cache.max_ecpu),
            ),
            SubnetIds=draft.take("network", "DataSubnetIds", "List<AWS::EC2::Subnet::Id>"),
            SecurityGroupIds=_security_groups(draft),
            KmsKeyId=draft.take("security", "DataKeyArn"),
            UserGroupId=Ref("Users"),
            SnapshotRetentionLimit=cache.snapshot_days,
            Tags=draft.tags("cache"),
            **retention.delete(),
        )
    )
    _publish(draft, GetAtt(store, "Endpoint.Address"), GetAtt(store, "ReaderEndpoint.Address"), Ref(store))


def _security_groups(draft: Draft) -> list[Ref]:
    return [draft.take("security", "CacheSecurityGroupId", "AWS::EC2::SecurityGroup::Id")]


def _publish(draft: Draft, endpoint: Any, reader: Any, identifier: Any) -> None:
    clustered = draft.profile.cache.kind in {"cluster", "serverless"}
    draft.give("Endpoint", endpoint, "Where Redis clients connect (TLS)")
    draft.give("ReaderEndpoint", reader, "Reads that may lag go here")
    draft.give("Port", str(REDIS_PORT), "Port of both")
    draft.give("ClusterMode", str(clustered).lower(), "Whether clients must speak Redis Cluster")
    draft.give("UserName", "chess", "Application user; its password is in the security stack's secret")
    draft.give("CacheId", identifier, "Identifier, for alarms")


STACK = define(
    "data-cache",
    "Redis for games in play, presence and fan-out; lost state is rebuilt from PostgreSQL",
    compose,
)
