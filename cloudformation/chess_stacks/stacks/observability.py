"""What people look at and are woken by: a dashboard, alarms that go to one topic, log groups, X-Ray.

An alarm stands for something that a player would notice or a night's work would have to undo; missing data is
not breaching.
"""

from typing import Any

from awacs import sns as sns_actions
from awacs.aws import Allow, Condition, Principal, Statement, StringEquals
from troposphere import Ref, Sub, sns, xray

from chess_stacks.parts import alarms, iam, log_groups, names
from chess_stacks.parts.alarms import Watch
from chess_stacks.parts.stack import Draft, define
from chess_stacks.profile.sections import AuroraDatabase


def compose(draft: Draft) -> bool:
    """Fill the observability template, unless the profile does without."""
    wanted = draft.profile.observability
    if not wanted.enabled:
        return False
    topic = _topic(draft)
    watches = [*_edge(draft), *_database(draft), *_cache(draft)]
    for watch in watches:
        alarms.alarm(draft, watch, topic)
    alarms.dashboard(draft, watches)
    _logs(draft)
    _tracing(draft)
    draft.give("AlarmTopicArn", Ref(topic), "Where alarms go")
    return True


def _topic(draft: Draft) -> sns.Topic:
    topic = draft.add(
        sns.Topic(
            "AlarmTopic",
            KmsMasterKeyId=draft.take(names.BOOTSTRAP, "BaseKeyArn"),
            DisplayName=names.stack_name(draft.profile.env, "alarms"),
            Tags=draft.tags("alarms"),
        )
    )
    draft.add(
        sns.TopicPolicy(
            "AlarmTopicPolicy",
            Topics=[Ref(topic)],
            PolicyDocument=iam.document(
                Statement(
                    Sid="Alarms",
                    Effect=Allow,
                    Principal=Principal("Service", "cloudwatch.amazonaws.com"),
                    Action=[sns_actions.Publish],
                    Resource=[Ref(topic)],
                    Condition=Condition(StringEquals("aws:SourceAccount", Ref("AWS::AccountId"))),
                )
            ),
        )
    )
    email = draft.profile.observability.alarm_email
    if email:
        draft.add(
            sns.SubscriptionResource("AlarmEmail", TopicArn=Ref(topic), Protocol="email", Endpoint=email)
        )
    return topic


def _edge(draft: Draft) -> list[Watch]:
    balancer = ("LoadBalancer", draft.take("edge-regional", "LoadBalancerFullName"))
    shared: dict[str, Any] = {"namespace": "AWS/ApplicationELB"}
    watches = [
        Watch(
            name="LoadBalancerErrors",
            why="the load balancer itself answers 5xx",
            metric="HTTPCode_ELB_5XX_Count",
            dimensions=(balancer,),
            statistic="Sum",
            above=10,
            **shared,
        )
    ]
    for colour in ("Blue", "Green"):
        group = ("TargetGroup", draft.take("edge-regional", f"{colour}TargetGroupFullName"))
        watches.append(
            Watch(
                name=f"{colour}Unhealthy",
                why=f"pods of the {colour.lower()} colour fail their health check",
                metric="UnHealthyHostCount",
                dimensions=(balancer, group),
                statistic="Maximum",
                above=0,
                **shared,
            )
        )
    return watches


def _database(draft: Draft) -> list[Watch]:
    database = draft.profile.database
    aurora = isinstance(database, AuroraDatabase)
    which = (
        ("DBClusterIdentifier", draft.take("data-rds", "ClusterId"))
        if aurora
        else ("DBInstanceIdentifier", draft.take("data-rds", "InstanceId"))
    )
    shared: dict[str, Any] = {"namespace": "AWS/RDS", "dimensions": (which,)}
    cpu = Watch(
        name="DatabaseCpu",
        why="PostgreSQL is short of CPU",
        metric="CPUUtilization",
        statistic="Average",
        above=85,
        minutes=10,
        **shared,
    )
    if aurora:
        return [cpu]
    space = Watch(
        name="DatabaseStorage",
        why="PostgreSQL has less than 2 GiB left",
        metric="FreeStorageSpace",
        statistic="Minimum",
        below=2 * 1024**3,
        **shared,
    )
    return [cpu, space]


def _cache(draft: Draft) -> list[Watch]:
    cache = draft.profile.cache
    if cache.kind == "serverless":
        which = ("clusterId", draft.take("data-cache", "CacheId"))
        throttled = "ThrottledCmds"
        return [
            Watch(
                name="CacheThrottled",
                why="Redis throttles commands",
                namespace="AWS/ElastiCache",
                metric=throttled,
                dimensions=(which,),
                statistic="Sum",
                above=0,
            )
        ]
    return [watch for node in _cache_nodes(draft) for watch in _cache_node(*node)]


def _cache_nodes(draft: Draft) -> list[tuple[str, Any]]:
    """Members' names follow from the group's: `<group>-001`, in cluster mode `<group>-0001-001`."""
    cache = draft.profile.cache
    shards = range(1, cache.shards + 1) if cache.kind == "cluster" else (None,)
    group = draft.take("data-cache", "CacheId")
    suffixes = [
        f"{f'{shard:04d}-' if shard else ''}{member:03d}"
        for shard in shards
        for member in range(1, cache.replicas + 2)
    ]
    return [(suffix, Sub(f"${{Group}}-{suffix}", Group=group)) for suffix in suffixes[:_WATCHED_NODES]]


_WATCHED_NODES = 24
"""Alarms cost by the piece; a larger fleet is watched as a whole by its dashboard."""


def _cache_node(suffix: str, identifier: Any) -> list[Watch]:
    shared: dict[str, Any] = {
        "namespace": "AWS/ElastiCache",
        "dimensions": (("CacheClusterId", identifier),),
        "statistic": "Maximum",
    }
    tag = suffix.replace("-", "x")
    return [
        Watch(
            name=f"CacheMemory{tag}",
            why="Redis is nearly full; it refuses writes rather than evict a game",
            metric="DatabaseMemoryUsagePercentage",
            above=80,
            **shared,
        ),
        Watch(
            name=f"CacheCpu{tag}",
            why="Redis is short of CPU",
            metric="EngineCPUUtilization",
            above=85,
            minutes=10,
            **shared,
        ),
    ]


def _logs(draft: Draft) -> None:
    days = draft.profile.observability.log_days
    cluster = names.cluster_name(draft.profile.env)
    for kind in ("application", "dataplane", "host", "performance"):
        log_groups.group(
            draft, f"{kind.capitalize()}LogGroup", days, f"/aws/containerinsights/{cluster}/{kind}"
        )


def _tracing(draft: Draft) -> None:
    percent = draft.profile.observability.xray_percent
    if not percent:
        return
    rule = f"chess-{draft.profile.env}"
    draft.add(
        xray.SamplingRule(
            "Sampling",
            SamplingRule=xray.SamplingRuleProperty(
                RuleName=rule,
                Priority=1000,
                FixedRate=percent / 100,
                ReservoirSize=1,
                Host="*",
                HTTPMethod="*",
                ResourceARN="*",
                ServiceName=f"chess-{draft.profile.env}-*",
                ServiceType="*",
                URLPath="*",
                Version=1,
            ),
            Tags=draft.tags("sampling"),
        )
    )


STACK = define(
    "observability", "Dashboard, alarms, log groups and tracing; watches what the others made", compose
)
