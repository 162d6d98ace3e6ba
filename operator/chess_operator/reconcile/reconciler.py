"""One round for one ChessCluster: gather → decide → apply → tell."""

from dataclasses import dataclass, replace

from chess_operator.api.model import ChessClusterSpec, SpecError, parse
from chess_operator.api.resources.kinds import CLUSTERS, PODS
from chess_operator.api.revision import revision
from chess_operator.census.reader import Endpoint
from chess_operator.census.source import CensusSource, Unready
from chess_operator.decide import decide
from chess_operator.decide.scaling import history
from chess_operator.decide.values import COLOURS, Condition, Decision, History, Observed
from chess_operator.kube.client import Manifest
from chess_operator.kube.mirror import Key
from chess_operator.kube.secrets import StoreEndpoints
from chess_operator.objects import Owner
from chess_operator.reconcile.apply import Applier
from chess_operator.reconcile.dependencies import Dependencies
from chess_operator.reconcile.drains import Drains
from chess_operator.reconcile.observe import deployment, expected_of, leftover, observe, waiting_message
from chess_operator.report.conditions import FOR_A_NODE, Problem, failed_replicas, waiting_pod
from chess_operator.report.events import DecisionEvents
from chess_operator.report.status import Situation, status
from chess_operator.report.status_writer import StatusWriter
from chess_presence.census import Census, take
from chess_presence.records import Reading

UNREACHABLE_SECONDS = 1.0
EXPIRY_SLACK_SECONDS = 0.05
SHORTEST_SECONDS = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What one round works on."""

    cluster: Manifest
    owner: Owner
    spec: ChessClusterSpec
    stores: StoreEndpoints
    observed: Observed
    census: Census
    decision: Decision
    now_ms: int


class Reconciler:
    """Holds what one ChessCluster's reconciler remember from one to the next."""

    def __init__(self, dependencies: Dependencies, key: Key) -> None:
        self._dependencies = dependencies
        self._key = key
        self._applier = Applier(dependencies.kube, dependencies.mirror, key)
        self._drains = Drains(self._applier, clock=dependencies.clock)
        self._events = DecisionEvents(dependencies.recorder())
        self._writer = StatusWriter(dependencies.kube, dependencies.mirror, clock=dependencies.clock)
        self._source = CensusSource(
            dependencies.readers,
            dependencies.secrets,
            dependencies.mirror.waker(key).set,
            clock=dependencies.clock,
        )
        self._history: History | None = None

    async def reconcile(self) -> float | None:
        """Do a round; returns for how many seconds nothing need be done unless something happens."""
        cluster = self._cluster()
        if cluster is None:
            return None
        try:
            spec = parse(cluster["spec"])
        except SpecError as error:
            return await self.halt(Problem(reason="InvalidSpec", message=str(error)))
        if (refused := self._refused(spec)) is not None:
            return await self.halt(refused)
        if (left := leftover(self._dependencies.mirror, self._key, cluster["metadata"]["uid"])) is not None:
            return await self.halt(_waits_for(left), valid=True)
        try:
            stores = await self._source.stores(self._key.namespace, cluster["metadata"]["uid"], spec)
        except Unready as unready:
            await self.halt(unready.problem)
            return unready.again_in
        return await self._round(cluster, spec, stores)

    async def halt(self, problem: Problem, *, valid: bool = False) -> float | None:
        """Leave everything as it is, and say why. `valid`: it is not the ChessCluster that is wrong."""
        cluster = self._cluster()
        if cluster is None:
            return None
        self._events.problem(cluster, problem)
        situation = Situation(
            cluster=cluster,
            observed=observe(self._dependencies.mirror, cluster, ""),
            census=None,
            decision=None,
            problem=None if valid else problem,
            trouble=problem if valid else None,
            floor=1,
        )
        return await self._writer.write(cluster, status(situation, self._own_ms()))

    @property
    def endpoint(self) -> Endpoint | None:
        """The Redis in use."""
        return self._source.endpoint

    async def close(self) -> None:
        """Let go of what is shared."""
        await self._source.close()

    async def _round(self, cluster: Manifest, spec: ChessClusterSpec, stores: StoreEndpoints) -> float | None:
        answer = await self._source.read(self._key.namespace, cluster["metadata"]["uid"])
        reading = answer if isinstance(answer, Reading) else None
        scene = self._scene(cluster, spec, stores, reading)
        if isinstance(answer, Problem):
            scene = replace(scene, decision=_blind(scene.decision, answer))
        again = await self._apply(scene)
        self._history = scene.decision.history
        self._events.decided(cluster, scene.observed, scene.census, scene.decision, scene.now_ms)
        self._measure(scene)
        written = await self._report(scene)
        wake_at = scene.decision.wake_at_ms
        return _earliest(
            again,
            written,
            None if wake_at is None else (wake_at - scene.now_ms) / 1000,
            UNREACHABLE_SECONDS if reading is None else _until_expiry(reading),
        )

    def _scene(
        self, cluster: Manifest, spec: ChessClusterSpec, stores: StoreEndpoints, reading: Reading | None
    ) -> Scene:
        own_ms = self._own_ms()
        now_ms = self._source.now_ms(own_ms, reading)
        observed = observe(self._dependencies.mirror, cluster, revision(spec))
        before = self._history or history.decode(_remembered(cluster))
        census = take(reading, expected=expected_of(observed.pods), last=before.last, now_ms=own_ms)
        meta = cluster["metadata"]
        return Scene(
            cluster=cluster,
            owner=Owner(name=meta["name"], namespace=meta["namespace"], uid=meta["uid"]),
            spec=spec,
            stores=stores,
            observed=observed,
            census=census,
            decision=decide(spec, observed, census, before, now_ms),
            now_ms=now_ms,
        )

    async def _apply(self, scene: Scene) -> float | None:
        """Write what the decision asks for: what helps players first, what takes pods away last.

        The children come before all: no pod starts outside of its network policy. They seldom change.
        """
        applier, reader, decision = self._applier, self._source.reader, scene.decision
        rev = scene.observed.revision
        await applier.children(scene.owner, scene.spec, scene.stores, decision)
        await applier.out(scene.owner, scene.spec, decision, rev)
        await self._drains.take_back(reader, scene.observed, decision)
        await self._drains.begin(reader, scene.observed, decision)
        await applier.costs(scene.observed, decision)
        await applier.in_(scene.owner, scene.spec, decision, rev)
        return await self._drains.repeat(reader, scene.observed, scene.census, decision)

    async def _report(self, scene: Scene) -> float | None:
        # Looked at again: what was just written is part of what the status tells.
        observed = observe(self._dependencies.mirror, scene.cluster, scene.observed.revision)
        trouble = self._trouble(observed)
        if trouble is not None:
            self._events.problem(scene.cluster, trouble)
        situation = Situation(
            cluster=self._cluster() or scene.cluster,
            observed=observed,
            census=scene.census,
            decision=scene.decision,
            problem=None,
            trouble=trouble,
            waiting=waiting_pod(observed.pods, self._words(), FOR_A_NODE),
            floor=scene.spec.scaling.min_replicas,
        )
        return await self._writer.write(situation.cluster, status(situation, self._own_ms()))

    def _trouble(self, observed: Observed) -> Problem | None:
        mirror = self._dependencies.mirror
        failed = (failed_replicas(deployment(mirror, self._key, colour)) for colour in COLOURS)
        return waiting_pod(observed.pods, self._words()) or next(
            (one for one in failed if one is not None), None
        )

    def _words(self) -> dict[str, str]:
        pods = self._dependencies.mirror.all(PODS, self._key)
        return {body["metadata"]["uid"]: waiting_message(body) for body in pods}

    def _measure(self, scene: Scene) -> None:
        metrics, decision = self._dependencies.metrics, scene.decision
        metrics.decisions.labels(decision.reason).inc()
        metrics.connections.labels(*self._key).set(scene.census.ceiling)
        metrics.desired.labels(*self._key).set(decision.desired)
        metrics.ready.labels(*self._key).set(sum(pod.ready and pod.serving for pod in scene.observed.pods))
        metrics.draining.labels(*self._key).set(sum(pod.draining for pod in scene.observed.pods))

    def _refused(self, spec: ChessClusterSpec) -> Problem | None:
        asked = spec.server.service_account_name
        if asked is None or asked == "default" or asked in self._dependencies.service_accounts:
            return None
        allowed = ", ".join(sorted({"default", *self._dependencies.service_accounts}))
        message = (
            f"spec.server.serviceAccountName: {asked!r} is not allowed by this operator (allowed: {allowed})"
        )
        return Problem(reason="ServiceAccountNotAllowed", message=message)

    def _cluster(self) -> Manifest | None:
        found = self._dependencies.mirror.one(CLUSTERS, self._key, self._key.name)
        return None if found is None or "deletionTimestamp" in found["metadata"] else found

    def _own_ms(self) -> int:
        return round(self._dependencies.wall() * 1000)


def _blind(decision: Decision, why: Problem) -> Decision:
    """Let the conditions name the Redis that does not answer."""
    conditions = decision.conditions
    active = Condition(status=False, reason=why.reason, message=why.message)
    if conditions.fallback.status:
        message = f"{conditions.fallback.message} ({why.message})"
        conditions = replace(conditions, fallback=Condition(status=True, reason=why.reason, message=message))
    return replace(decision, conditions=replace(conditions, scaling_active=active))


def _waits_for(left: Manifest) -> Problem:
    meta = left["metadata"]
    message = (
        f"Deployment {meta['namespace']}/{meta['name']} is left from an earlier ChessCluster of this name; "
        "nothing is done before it is gone (delete it if it was kept by --cascade=orphan)"
    )
    return Problem(reason="LeftoverDeployment", message=message)


def _remembered(cluster: Manifest) -> str | None:
    scaling = (cluster.get("status") or {}).get("scaling") or {}
    remembered: str | None = scaling.get("history")
    return remembered


def _until_expiry(reading: Reading) -> float | None:
    """Expiry publishes nothing: look again when the first record runs out."""
    if reading.next_expiry_ms is None:
        return None
    return (reading.next_expiry_ms - reading.now_ms) / 1000 + EXPIRY_SLACK_SECONDS


def _earliest(*pauses: float | None) -> float | None:
    given = [max(pause, SHORTEST_SECONDS) for pause in pauses if pause is not None]
    return min(given, default=None)
