"""CloudFront with everything it needs, in us-east-1 because its certificates and firewalls must be there.

The web client is a private bucket that only this distribution reads (origin access control); game paths go to
the internal ALB through a VPC origin, uncached and with every viewer header, so WebSocket upgrades pass.
Without a domain CloudFront's own name and certificate serve.
"""

from typing import Any

from awacs import s3 as s3_actions
from awacs.aws import Allow, Condition, Principal, Statement, StringEquals
from troposphere import GetAtt, Ref, Sub, cloudfront, kms, logs, route53
from troposphere.validators.route53 import AliasTarget

from chess_stacks.parts import buckets, certificates, iam, names, retention, web_acl
from chess_stacks.parts.stack import Draft, define

_OPTIMIZED = "658327ea-f89d-4fab-a63d-7e88639e58f6"
_NO_CACHE = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
_ALL_VIEWER = "216adef6-5c7f-47e4-b989-5492eafa07d3"
"""AWS' managed policies: CachingOptimized, CachingDisabled, AllViewer (forwards Sec-WebSocket-* too)."""
CLOUDFRONT_ZONE = "Z2FDTNDATAQYW2"
"""Hosted zone of every CloudFront alias record."""
_DAY = 86_400


def compose(draft: Draft) -> None:
    """Fill the global edge template."""
    bucket = buckets.add(draft, "WebBucket")
    origin = _origin(draft)
    distribution = _distribution(draft)
    _web_policy(draft)
    if draft.profile.edge.access_logs:
        _access_logs(draft)
    if draft.profile.edge.domain:
        _records(draft, draft.profile.edge.domain)
    draft.give("DistributionId", Ref(distribution), "The CloudFront distribution")
    draft.give("DistributionDomainName", GetAtt(distribution, "DomainName"), "CloudFront's own name")
    draft.give(
        "PublicName", draft.profile.edge.domain or GetAtt(distribution, "DomainName"), "What players type"
    )
    draft.give("WebBucketName", Ref(bucket), "Bucket of the web client")
    draft.give("VpcOriginId", GetAtt(origin, "Id"), "CloudFront's way to the ALB")


def _origin(draft: Draft) -> cloudfront.VpcOrigin:
    draft.add(
        cloudfront.OriginAccessControl(
            "WebAccess",
            OriginAccessControlConfig=cloudfront.OriginAccessControlConfig(
                Name=f"{names.stack_name(draft.profile.env, 'web')}",
                OriginAccessControlOriginType="s3",
                SigningBehavior="always",
                SigningProtocol="sigv4",
            ),
        )
    )
    secure = bool(draft.profile.edge.domain)
    return draft.add(
        cloudfront.VpcOrigin(
            "AlbOrigin",
            VpcOriginEndpointConfig=cloudfront.VpcOriginEndpointConfig(
                Name=names.stack_name(draft.profile.env, "alb"),
                Arn=draft.take("edge-regional", "LoadBalancerArn"),
                HTTPPort=80,
                HTTPSPort=443,
                OriginProtocolPolicy="https-only" if secure else "http-only",
                OriginSSLProtocols=["TLSv1.2"],
            ),
            Tags=draft.tags("alb"),
        )
    )


def _origins(draft: Draft) -> list[cloudfront.Origin]:
    return [
        cloudfront.Origin(
            Id="web",
            DomainName=GetAtt("WebBucket", "RegionalDomainName"),
            OriginAccessControlId=GetAtt("WebAccess", "Id"),
            S3OriginConfig=cloudfront.S3OriginConfig(OriginAccessIdentity=""),
        ),
        cloudfront.Origin(
            Id="game",
            DomainName=draft.take("edge-regional", "LoadBalancerDnsName"),
            VpcOriginConfig=cloudfront.VpcOriginConfig(
                VpcOriginId=GetAtt("AlbOrigin", "Id"), OriginKeepaliveTimeout=60, OriginReadTimeout=60
            ),
        ),
    ]


def _headers(draft: Draft) -> cloudfront.ResponseHeadersPolicy:
    security = cloudfront.SecurityHeadersConfig(
        ContentTypeOptions=cloudfront.ContentTypeOptions(Override=True),
        FrameOptions=cloudfront.FrameOptions(FrameOption="DENY", Override=True),
        ReferrerPolicy=cloudfront.ReferrerPolicy(ReferrerPolicy="same-origin", Override=True),
        StrictTransportSecurity=cloudfront.StrictTransportSecurity(
            AccessControlMaxAgeSec=365 * _DAY, IncludeSubdomains=True, Override=True
        ),
    )
    return draft.add(
        cloudfront.ResponseHeadersPolicy(
            "SecurityHeaders",
            ResponseHeadersPolicyConfig=cloudfront.ResponseHeadersPolicyConfig(
                Name=names.stack_name(draft.profile.env, "headers"), SecurityHeadersConfig=security
            ),
        )
    )


def _distribution(draft: Draft) -> cloudfront.Distribution:
    edge = draft.profile.edge
    headers = Ref(_headers(draft))
    more: dict[str, Any] = {"Aliases": [edge.domain]} if edge.domain else {}
    if edge.waf:
        more["WebACLId"] = GetAtt(_firewall(draft), "Arn")
    config = cloudfront.DistributionConfig(
        Comment=names.stack_name(draft.profile.env, draft.key),
        Enabled=True,
        HttpVersion="http2and3",
        IPV6Enabled=True,
        PriceClass=edge.price_class,
        DefaultRootObject="index.html",
        Origins=_origins(draft),
        DefaultCacheBehavior=cloudfront.DefaultCacheBehavior(
            TargetOriginId="web",
            ViewerProtocolPolicy="redirect-to-https",
            CachePolicyId=_OPTIMIZED,
            ResponseHeadersPolicyId=headers,
            Compress=True,
        ),
        CacheBehaviors=[_game(path) for path in edge.websocket_paths],
        CustomErrorResponses=[
            cloudfront.CustomErrorResponse(
                ErrorCode=403, ResponseCode=404, ResponsePagePath="/404.html", ErrorCachingMinTTL=10
            )
        ],
        ViewerCertificate=_certificate(draft),
        **more,
    )
    return draft.add(
        cloudfront.Distribution("Distribution", DistributionConfig=config, Tags=draft.tags("distribution"))
    )


def _game(path: str) -> cloudfront.CacheBehavior:
    return cloudfront.CacheBehavior(
        PathPattern=path,
        TargetOriginId="game",
        ViewerProtocolPolicy="https-only",
        AllowedMethods=["GET", "HEAD", "OPTIONS", "PUT", "POST", "PATCH", "DELETE"],
        CachePolicyId=_NO_CACHE,
        OriginRequestPolicyId=_ALL_VIEWER,
        Compress=False,
    )


def _certificate(draft: Draft) -> cloudfront.ViewerCertificate:
    domain = draft.profile.edge.domain
    if not domain:
        return cloudfront.ViewerCertificate(CloudFrontDefaultCertificate=True)
    return cloudfront.ViewerCertificate(
        AcmCertificateArn=Ref(certificates.validated(draft, domain)),
        MinimumProtocolVersion="TLSv1.2_2021",
        SslSupportMethod="sni-only",
    )


def _firewall(draft: Draft) -> Any:
    """Give the firewall's log a key of its own: the base key lives in the environment's region."""
    group = names.stack_name(draft.profile.env, draft.key)
    context = Sub(
        f"arn:${{AWS::Partition}}:logs:${{AWS::Region}}:${{AWS::AccountId}}:log-group:aws-waf-logs-{group}"
    )
    key = draft.add(
        kms.Key(
            "EdgeLogKey",
            Description=f"{group}: log of the firewall",
            EnableKeyRotation=True,
            PendingWindowInDays=draft.profile.security.key_deletion_days,
            KeyPolicy=iam.key_document(iam.key_use_by_logs(context)),
            Tags=draft.tags("edge-log"),
            **retention.delete(),
        )
    )
    rate = draft.profile.security.waf_rate_limit
    return web_acl.web_acl(draft, scope="CLOUDFRONT", rate_limit=rate, log_key=GetAtt(key, "Arn"))


def _web_policy(draft: Draft) -> None:
    source = Sub("arn:${AWS::Partition}:cloudfront::${AWS::AccountId}:distribution/${Distribution}")
    read = Statement(
        Sid="CloudFront",
        Effect=Allow,
        Principal=Principal("Service", "cloudfront.amazonaws.com"),
        Action=[s3_actions.GetObject],
        Resource=[Sub("${WebBucket.Arn}/*")],
        Condition=Condition(StringEquals("aws:SourceArn", source)),
    )
    buckets.policy(draft, "WebBucket", read)


def _access_logs(draft: Draft) -> None:
    buckets.add(draft, "EdgeLogBucket", expire_days=90)
    policy = buckets.policy(draft, "EdgeLogBucket", *buckets.log_delivery("EdgeLogBucket", "*"))
    name = names.stack_name(draft.profile.env, draft.key)
    arn = Sub("arn:${AWS::Partition}:cloudfront::${AWS::AccountId}:distribution/${Distribution}")
    draft.add(logs.DeliverySource("LogSource", Name=name, LogType="ACCESS_LOGS", ResourceArn=arn))
    draft.add(
        logs.DeliveryDestination(
            "LogDestination",
            Name=name,
            DeliveryDestinationType="S3",
            DestinationResourceArn=GetAtt("EdgeLogBucket", "Arn"),
            OutputFormat="parquet",
            DependsOn=policy.title,
        )
    )
    draft.add(
        logs.Delivery(
            "LogDelivery",
            DeliverySourceName=Ref("LogSource"),
            DeliveryDestinationArn=GetAtt("LogDestination", "Arn"),
        )
    )


def _records(draft: Draft, domain: str) -> None:
    for kind in ("A", "AAAA"):
        draft.add(
            route53.RecordSetType(
                f"Record{kind}",
                Name=f"{domain}.",
                Type=kind,
                HostedZoneId=draft.profile.edge.hosted_zone_id,
                AliasTarget=AliasTarget(  # type: ignore[no-untyped-call]
                    DNSName=GetAtt("Distribution", "DomainName"), HostedZoneId=CLOUDFRONT_ZONE
                ),
            )
        )


STACK = define(
    "edge-global",
    "CloudFront, its certificate, firewall and DNS; has to be in us-east-1 wherever the rest is",
    compose,
    region=lambda _profile: names.GLOBAL_REGION,
)
