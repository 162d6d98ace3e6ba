"""A new version of the operator restarts no pod, whatever it would render today; and it lacks no right."""

import re
from dataclasses import replace
from typing import Any, Literal

import pytest
from api_server import admin_of, listed
from operator_fleet import Fleet
from operator_process import Process
from polling import eventually

from chess_operator import objects
from chess_operator.api.model import parse
from chess_operator.api.resources.kinds import CLUSTERS, DEPLOYMENTS, PODS, SECRETS
from chess_operator.api.resources.names import Colour, Key
from chess_operator.api.revision import revision
from chess_operator.decide import decide
from chess_operator.decide.values import DeploymentPlan, History
from chess_operator.kube.audit import Audit
from chess_operator.kube.client import ApiError, Kube
from chess_operator.kube.mirror import Mirror
from chess_operator.reconcile.apply import Applier
from chess_operator.reconcile.observe import observe
from chess_operator.report.context import Context
from chess_presence.census import Census

pytestmark = pytest.mark.integration


async def context_of(fleet: Fleet, template: Literal["keep", "render"]) -> Context:
    """What the applier looks at: one replica, by this template."""
    cluster = await fleet.cluster()
    spec = parse(cluster["spec"])
    observed = observe(Mirror(), cluster, revision(spec))
    decision = decide(spec, observed, Census(), History(), 0)
    plans: dict[Colour, DeploymentPlan] = {"blue": DeploymentPlan(replicas=1, weight=100, template=template)}
    return Context(
        cluster=cluster,
        spec=spec,
        store_ports=(6379, 5432),
        observed=observed,
        census=Census(),
        decision=replace(decision, plans=plans),
        now_ms=0,
    )


async def test_another_rendering_changes_no_template(
    operator: Process, fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    await fleet.create()
    await fleet.settled(1)
    before = await fleet.deployment()
    assert before is not None

    def newer(*given: Any) -> dict[str, Any]:
        made = build_template(*given)
        made["spec"]["containers"][0]["env"].append({"name": "CHESS_NEWER", "value": "1"})
        return made

    build_template = objects.template
    monkeypatch.setattr(objects, "template", newer)
    mirror, key = Mirror(), Key(fleet.namespace, fleet.name)
    for body in await listed(fleet.kube, DEPLOYMENTS, fleet.namespace):
        mirror.put(DEPLOYMENTS, body)
    applier = Applier(fleet.kube, mirror, key)
    await applier.scale_out(await context_of(fleet, "keep"))
    after = await fleet.deployment()
    assert after is not None
    assert after["metadata"]["generation"] == before["metadata"]["generation"]
    assert after["spec"]["template"] == before["spec"]["template"]
    # That the other rendering would have shown: the same with `render` does change it.
    await applier.scale_out(await context_of(fleet, "render"))
    changed = await fleet.deployment()
    assert changed is not None
    assert changed["metadata"]["generation"] > before["metadata"]["generation"]


async def test_the_audit_brings_what_a_dead_watch_has_missed(fleet: Fleet, operator: Process) -> None:
    await fleet.create()
    await fleet.settled(1)
    mirror = Mirror()
    audit = Audit(fleet.kube, mirror, [PODS], [fleet.namespace])
    for expected in (1, 0):
        assert await audit.check(PODS) == expected
    cluster = await fleet.cluster()
    assert [pod.uid for pod in observe(mirror, cluster, "").pods] == fleet.running()


async def test_the_operator_may_not_list_secrets_and_was_never_refused(
    operator: Process, fleet: Fleet, operator_kubeconfig: Any
) -> None:
    async with admin_of(operator_kubeconfig) as kube:
        await _refused(kube, fleet)
    await fleet.create()
    await fleet.settled(1)
    await fleet.shows("Ready", "True")
    logged = operator.log.read_text()
    assert not re.search(r"(?<![\w.])403(?!\w)", logged), "a status, not the fraction of a second"
    assert "orbidden" not in logged


async def _refused(kube: Kube, fleet: Fleet) -> None:
    assert await kube.get(SECRETS, fleet.namespace, "redis") is not None
    with pytest.raises(ApiError) as caught:
        await listed(kube, SECRETS, fleet.namespace)
    assert caught.value.status == 403
    with pytest.raises(ApiError) as caught:
        await kube._write("DELETE", CLUSTERS.path(fleet.namespace, "any"))
    assert caught.value.status == 403


async def test_health_and_metrics_show_the_cluster(operator: Process, fleet: Fleet) -> None:
    await fleet.create()
    await fleet.settled(1)
    assert operator.get("/livez") == (200, "ok\n")
    assert operator.get("/readyz") == (200, "ok\n")

    def shown() -> bool:
        text = operator.get("/metrics")[1]
        series = f'chess_cluster_ready_replicas{{cluster="arena",namespace="{fleet.namespace}"}} 1.0'
        return series in text and "chess_operator_reaction_seconds_count" in text

    await eventually(shown, "the metrics do not show the cluster")
