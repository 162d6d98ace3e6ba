"""Made-up identifiers and attributes, shaped like AWS's, for the generated handlers.

They have no data plane behind them: an endpoint made here answers nothing.
"""

import hashlib
import secrets
from typing import Any

JsonObject = dict[str, Any]
SUFFIX = 8


def token(length: int = 17) -> str:
    """Return hexadecimal digits, as in ``eipalloc-0123456789abcdef0``."""
    return secrets.token_hex(length)[:length]


def physical_id(type_name: str, identifier: tuple[tuple[str, ...], ...], props: JsonObject, name: str) -> str:
    """Return the physical id: given names where the template sets them, minted ones elsewhere."""
    parts = [str(props.get(path[-1]) or _mint(type_name, path[-1], name)) for path in identifier]
    return "|".join(parts) or f"{name}-{token(SUFFIX)}"


def attribute(type_name: str, path: tuple[str, ...], kind: str, owner: str, place: tuple[str, str]) -> Any:
    """Return one read-only attribute of the resource ``owner`` in ``place`` (account, region)."""
    account, region = place
    leaf = path[-1]
    service = type_name.split("::")[1].lower()
    if kind != "string":
        return _plain(kind, f"{owner}-{leaf.lower()}")
    if leaf == "SecretArn":
        return f"arn:aws:secretsmanager:{region}:{account}:secret:{owner}"
    if leaf.endswith("Arn") or leaf == "ARN":
        return f"arn:aws:{service}:{region}:{account}:{type_name.split('::')[2].lower()}/{owner}"
    if leaf in ("Address", "Endpoint", "DnsName", "DomainName"):
        return f"{owner}.{token(SUFFIX)}.{service}.{region}.amazonaws.com".lower().replace("|", "-")
    if leaf.endswith("Ip") or leaf == "PublicIp":
        return _address(owner)
    return owner if len(path) == 1 and leaf.endswith(("Id", "Name")) else f"{owner}-{leaf.lower()}"


def _plain(kind: str, text: str) -> Any:
    return {"integer": 6379, "number": 1, "boolean": False, "array": [text]}.get(kind, {})


def _mint(type_name: str, leaf: str, name: str) -> str:
    if leaf.endswith("Arn"):
        service, kind = type_name.split("::")[1:3]
        return f"arn:aws:{service.lower()}:us-east-1:000000000000:{kind.lower()}/{name}-{token(SUFFIX)}"
    if leaf == "PublicIp":
        return _address(name + token(SUFFIX))
    return f"{name}-{token(SUFFIX)}"


def _address(seed: str) -> str:
    # 192.0.2.0/24 is set aside for documentation.
    return f"192.0.2.{hashlib.sha256(seed.encode()).digest()[0]}"
