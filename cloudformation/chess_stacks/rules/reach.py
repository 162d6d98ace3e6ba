"""Rules on who can reach whom: no open ports, no way from data to the internet, no public addresses."""

from collections.abc import Iterator, Mapping
from typing import Any

from chess_stacks.rules.finding import Finding
from chess_stacks.rules.template import Body, listed, of_type, reference

_WORLD = ("0.0.0.0/0", "::/0")


def open_ingress(stack: str, body: Body) -> Iterator[Finding]:
    """Refuse a security group that the whole internet may enter."""
    for logical_id, rule in _ingress(body):
        if rule.get("CidrIp") in _WORLD or rule.get("CidrIpv6") in _WORLD:
            yield Finding(stack=stack, rule="C020", resource=logical_id, message="lets in the whole internet")


def _ingress(body: Body) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for logical_id, properties in of_type(body, "AWS::EC2::SecurityGroup"):
        for rule in listed(properties.get("SecurityGroupIngress", [])):
            yield logical_id, rule
    yield from of_type(body, "AWS::EC2::SecurityGroupIngress")


def data_routes(stack: str, body: Body) -> Iterator[Finding]:
    """Refuse a route to anywhere from a table that a data subnet uses."""
    tables = {
        reference(properties["RouteTableId"])
        for _, properties in of_type(body, "AWS::EC2::SubnetRouteTableAssociation")
        if (reference(properties["SubnetId"]) or "").startswith("DataSubnet")
    }
    for logical_id, properties in of_type(body, "AWS::EC2::Route"):
        if reference(properties["RouteTableId"]) in tables:
            yield Finding(
                stack=stack, rule="C021", resource=logical_id, message="leads out of the data subnets"
            )


def public_addresses(stack: str, body: Body) -> Iterator[Finding]:
    """Refuse what would be reachable from the internet by itself."""
    for logical_id, resource in body["Resources"].items():
        properties = resource.get("Properties", {})
        if properties.get("PubliclyAccessible") or properties.get("MapPublicIpOnLaunch"):
            yield Finding(stack=stack, rule="C022", resource=logical_id, message="gets a public address")
        if properties.get("Scheme") == "internet-facing":
            yield Finding(stack=stack, rule="C022", resource=logical_id, message="faces the internet")


def described(stack: str, body: Body) -> Iterator[Finding]:
    """Require a description of each rule of a security group."""
    for logical_id, rule in _ingress(body):
        if not rule.get("Description"):
            yield Finding(stack=stack, rule="C023", resource=logical_id, message="has no description")
