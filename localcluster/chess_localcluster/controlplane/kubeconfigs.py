"""Kubeconfigs: the administrator's contains its certificate, the components' name files."""

import base64
from pathlib import Path
from typing import Any

from chess_localcluster.plan import CONTEXT, Plan


def administrator(plan: Plan, pki: Path) -> dict[str, Any]:
    """Return a kubeconfig that also works when it is copied elsewhere."""
    user = {
        "client-certificate-data": _inline(pki / "admin.crt"),
        "client-key-data": _inline(pki / "admin.key"),
    }
    return _document(plan, {"certificate-authority-data": _inline(pki / "ca.crt")}, user)


def component(plan: Plan, pki: Path, name: str) -> dict[str, Any]:
    """Return the kubeconfig of one component."""
    user = {"client-certificate": str(pki / f"{name}.crt"), "client-key": str(pki / f"{name}.key")}
    return _document(plan, {"certificate-authority": str(pki / "ca.crt")}, user)


def _document(plan: Plan, authority: dict[str, str], user: dict[str, str]) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": CONTEXT, "cluster": {"server": plan.api_url} | authority}],
        "users": [{"name": CONTEXT, "user": user}],
        "contexts": [{"name": CONTEXT, "context": {"cluster": CONTEXT, "user": CONTEXT}}],
        "current-context": CONTEXT,
    }


def _inline(path: Path) -> str:
    return base64.b64encode(path.read_bytes()).decode()
