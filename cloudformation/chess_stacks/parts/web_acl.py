"""A web ACL, the same for the internal ALB and for CloudFront: AWS' managed rules and a rate limit, with its log."""

from typing import Any

from troposphere import GetAtt, wafv2

from chess_stacks.parts import log_groups, names
from chess_stacks.parts.stack import Draft

_MANAGED = (
    "AWSManagedRulesAmazonIpReputationList",
    "AWSManagedRulesKnownBadInputsRuleSet",
    "AWSManagedRulesCommonRuleSet",
)


_AS_THE_GROUP_SAYS: dict[str, Any] = {"None": {}}
"""No keyword argument can be called None."""


def web_acl(draft: Draft, *, scope: str, rate_limit: int, log_key: Any = None) -> wafv2.WebACL:
    """Add a web ACL that allows by default; what it blocks and counts goes to a log group."""
    acl = draft.add(
        wafv2.WebACL(
            "WebAcl",
            Description=f"{names.stack_name(draft.profile.env, draft.key)}: managed rules and a rate limit",
            Scope=scope,
            DefaultAction=wafv2.DefaultAction(Allow=wafv2.AllowAction()),
            VisibilityConfig=_visible("WebAcl"),
            Rules=[_rate(rate_limit), *(_managed(name, rank) for rank, name in enumerate(_MANAGED, start=1))],
            Tags=draft.tags("web-acl"),
        )
    )
    name = f"aws-waf-logs-{names.stack_name(draft.profile.env, draft.key)}"
    group = log_groups.group(draft, "WebAclLogGroup", draft.profile.observability.log_days, name, log_key)
    draft.add(
        wafv2.LoggingConfiguration(
            "WebAclLogging",
            ResourceArn=GetAtt(acl, "Arn"),
            LogDestinationConfigs=[GetAtt(group, "Arn")],
        )
    )
    return acl


def _visible(metric: str) -> wafv2.VisibilityConfig:
    return wafv2.VisibilityConfig(
        CloudWatchMetricsEnabled=True, SampledRequestsEnabled=True, MetricName=metric
    )


def _rate(limit: int) -> wafv2.WebACLRule:
    return wafv2.WebACLRule(
        Name="RateLimit",
        Priority=0,
        Action=wafv2.RuleAction(Block=wafv2.BlockAction()),
        Statement=wafv2.Statement(
            RateBasedStatement=wafv2.RateBasedStatement(Limit=limit, AggregateKeyType="IP")
        ),
        VisibilityConfig=_visible("RateLimit"),
    )


def _managed(name: str, priority: int) -> wafv2.WebACLRule:
    return wafv2.WebACLRule(
        Name=name,
        Priority=priority,
        OverrideAction=wafv2.OverrideAction(**_AS_THE_GROUP_SAYS),
        Statement=wafv2.Statement(
            ManagedRuleGroupStatement=wafv2.ManagedRuleGroupStatement(VendorName="AWS", Name=name)
        ),
        VisibilityConfig=_visible(name),
    )
