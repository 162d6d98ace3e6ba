"""Certificates of the public name, one per region that ends TLS: CloudFront takes only those of us-east-1."""

from troposphere import certificatemanager

from chess_stacks.parts.stack import Draft


def validated(draft: Draft, domain: str) -> certificatemanager.Certificate:
    """Add a certificate that ACM validates, and renews, by records in the domain's hosted zone."""
    proof = certificatemanager.DomainValidationOption(
        DomainName=domain, HostedZoneId=draft.profile.edge.hosted_zone_id
    )
    return draft.add(
        certificatemanager.Certificate(
            "Certificate",
            DomainName=domain,
            ValidationMethod="DNS",
            DomainValidationOptions=[proof],
            Tags=draft.tags("certificate"),
        )
    )
