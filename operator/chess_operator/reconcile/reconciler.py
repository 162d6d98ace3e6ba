"""One reconcile of one ChessCluster: observe → decide → apply → report."""

from dataclasses import replace

from chess_operator.api.model import ChessClusterSpec, SpecError, parse
from chess_operator.api.resources.kinds import CLUSTERS, Manifest
from chess_operator.api.resources.names import COLOURS, Key
from chess_operator.api.revision import revision
from chess_operator.census.reader import Endpoint
from chess_operator.census.source import CensusSource, StoresNotReady
from chess_operator.census.stores import StoreEndpoints
from chess_operator.decide import decide
from chess_operator.decide.scaling import history
from chess_operator.decide.values import Condition, Decision, History, Observed
from chess_operator.kube.claims import LOOK_SECONDS
from chess_operator.reconcile.apply import Applier, owner_of
from chess_operator.reconcile.dependencies import Dependencies
from chess_operator.reconcile.drains import Drains
from chess_operator.reconcile.observe import deployment, expected_of, leftover, observe, waiting_messages
from chess_operator.reconcile.token_keys import TokenKeys
from chess_operator.report.conditions import FOR_A_NODE, Problem, failed_replicas, waiting_pod
from chess_operator.report.context import Context
from chess_operator.report.events import DecisionEvents
from chess_operator.report.status import halted, status
from chess_operator.report.status_writer import StatusWriter
from chess_presence.census import take
from chess_presence.records import Reading

UNREACHABLE_SECONDS = 1.0
EXPIRY_SLACK_SECONDS = 0.05
SHORTEST_SECONDS = 0.05


class Reconciler:
    """Keeps what one ChessCluster's reconciles remember from one to the next."""

    def __init__(self, dependencies: Dependencies, key: Key) -> None:
        self._dependencies = dependencies
        self._key = key
        self._applier = Applier(dependencies.kube, dependencies.mirror, key)
        self._token_keys = TokenKeys(dependencies.kube, clock=dependencies.clock)
        self._drains = Drains(self._applier, clock=dependencies.clock)
        self._events = DecisionEvents(dependencies.recorder())
        self._writer = StatusWriter(dependencies.kube, dependencies.mirror, clock=dependencies.clock)
        self._source = CensusSource(
            dependencies.readers,
            dependencies.secrets,
            dependencies.wakers.of(key).wake,
            clock=dependencies.clock,
        )
        self._history: History | None = None
        self._holder: str | None = None
        """Another installation that looks after this namespace."""

    async def reconcile(self) -> float | None:
        """Reconcile once; return after how many seconds to do it again even if nothing happens."""
        cluster = self._cluster()
        if cluster is None:
            return None
        if (holder := await self._dependencies.claims.other(self._key.namespace)) is not None:
            return self._stand_back(cluster, holder)
        self._holder = None
        return await self._check_and_decide(cluster)

    async def _check_and_decide(self, cluster: Manifest) -> float | None:
        try:
            spec = parse(cluster["spec"])
        except SpecError as error:
            return await self.halt(Problem(reason="InvalidSpec", message=str(error)))
        if (refused := self._refused(spec)) is not None:
            return await self.halt(refused)
        if (left := leftover(self._dependencies.mirror, self._key, cluster["metadata"]["uid"])) is not None:
            return await self.halt(_leftover_problem(left), valid=True)
        try:
            stores = await self._source.stores(self._key.namespace, cluster["metadata"]["uid"], spec)
        except StoresNotReady as error:
            await self.halt(error.problem)
            return error.again_in_seconds
        return await self._decide_and_apply(cluster, spec, stores)

    async def halt(self, problem: Problem, *, valid: bool = False) -> float | None:
        """Change nothing, and report why. `valid`: the ChessCluster itself is not the problem."""
        cluster = self._cluster()
        if cluster is None:
            return None
        self._events.problem(cluster, problem)
        observed = observe(self._dependencies.mirror, cluster, "")
        made = halted(cluster, observed, problem, self._own_ms(), valid=valid)
        return await self._writer.write(cluster, made)

    def _stand_back(self, cluster: Manifest, holder: str) -> float:
        """Leave everything, the status too, to the namespace's own operator. An event says so, once."""
        if holder != self._holder:
            own = self._dependencies.claims.holder
            self._events.stood_back(cluster, f"{holder} looks after this namespace, {own} stands back")
            self._dependencies.metrics.forget(self._key)
        self._holder, self._history = holder, None
        return LOOK_SECONDS

    @property
    def endpoint(self) -> Endpoint | None:
        """The Redis in use."""
        return self._source.endpoint

    async def close(self) -> None:
        """Leave what is shared."""
        await self._source.close()

    async def _decide_and_apply(
        self, cluster: Manifest, spec: ChessClusterSpec, stores: StoreEndpoints
    ) -> float | None:
        answer = await self._source.read(self._key.namespace, cluster["metadata"]["uid"])
        reading = answer if isinstance(answer, Reading) else None
        context = self._context(cluster, spec, stores, reading)
        if isinstance(answer, Problem):
            context = replace(context, decision=_with_unreachable(context.decision, answer))
        context = replace(context, trouble=await self._token_keys.ensure(owner_of(context.observed)))
        again = await self._apply(context)
        self._history = context.decision.history
        self._events.decided(context)
        self._measure(context)
        written = await self._report(context)
        wake_at_ms = context.decision.wake_at_ms
        return _earliest(
            again,
            written,
            None if wake_at_ms is None else (wake_at_ms - context.now_ms) / 1000,
            UNREACHABLE_SECONDS if reading is None else _seconds_until_expiry(reading),
        )

    def _context(
        self, cluster: Manifest, spec: ChessClusterSpec, stores: StoreEndpoints, reading: Reading | None
    ) -> Context:
        own_ms = self._own_ms()
        now_ms = self._source.now_ms(own_ms, reading)
        observed = observe(self._dependencies.mirror, cluster, revision(spec))
        before = self._history or history.decode(_stored_history(cluster))
        census = take(reading, expected=expected_of(observed.pods), last=before.last, now_ms=own_ms)
        return Context(
            cluster=cluster,
            spec=spec,
            store_ports=stores.ports,
            observed=observed,
            census=census,
            decision=decide(spec, observed, census, before, now_ms),
            now_ms=now_ms,
        )

    async def _apply(self, context: Context) -> float | None:
        """Write what the decision asks for: what helps players first, what removes pods last.

        The other children come before all: no pod starts outside of its network policy. They seldom change.
        """
        applier, reader = self._applier, self._source.reader
        observed, decision = context.observed, context.decision
        await applier.children(context)
        await applier.scale_out(context)
        await self._drains.undo(reader, observed, decision)
        await self._drains.begin(reader, observed, decision)
        await applier.costs(context)
        await applier.scale_in(context)
        return await self._drains.repeat(reader, observed, context.census, decision)

    async def _report(self, context: Context) -> float | None:
        # Observed again: the status shows what was just written.
        observed = observe(self._dependencies.mirror, context.cluster, context.observed.revision)
        messages = waiting_messages(self._dependencies.mirror, self._key)
        context = replace(
            context,
            cluster=self._cluster() or context.cluster,
            observed=observed,
            trouble=self._trouble(observed, messages) or context.trouble,
            waiting=waiting_pod(observed.pods, messages, FOR_A_NODE),
        )
        if context.trouble is not None:
            self._events.problem(context.cluster, context.trouble)
        return await self._writer.write(context.cluster, status(context, self._own_ms()))

    def _trouble(self, observed: Observed, messages: dict[str, str]) -> Problem | None:
        mirror = self._dependencies.mirror
        failed = (failed_replicas(deployment(mirror, self._key, colour)) for colour in COLOURS)
        return waiting_pod(observed.pods, messages) or next((one for one in failed if one is not None), None)

    def _measure(self, context: Context) -> None:
        metrics, pods = self._dependencies.metrics, context.observed.pods
        metrics.decisions.labels(context.decision.reason).inc()
        metrics.connections.labels(*self._key).set(context.census.ceiling)
        metrics.desired.labels(*self._key).set(context.decision.desired)
        metrics.ready.labels(*self._key).set(sum(pod.ready and pod.serving for pod in pods))
        metrics.draining.labels(*self._key).set(sum(pod.draining for pod in pods))

    def _refused(self, spec: ChessClusterSpec) -> Problem | None:
        asked, allowed = spec.server.service_account_name, self._dependencies.service_accounts
        if asked is None or asked == "default" or asked in allowed:
            return None
        names = ", ".join(sorted({"default", *allowed}))
        message = (
            f"spec.server.serviceAccountName: {asked!r} is not allowed by this operator (allowed: {names})"
        )
        return Problem(reason="ServiceAccountNotAllowed", message=message)

    def _cluster(self) -> Manifest | None:
        """Find the ChessCluster; one that is being deleted is left to the garbage collector."""
        found = self._dependencies.mirror.one(CLUSTERS, self._key, self._key.name)
        return None if found is None or "deletionTimestamp" in found["metadata"] else found

    def _own_ms(self) -> int:
        return round(self._dependencies.wall() * 1000)


def _with_unreachable(decision: Decision, why: Problem) -> Decision:
    """Name in the conditions the Redis that does not answer."""
    conditions = decision.conditions
    active = Condition(status=False, reason=why.reason, message=why.message)
    if conditions.fallback.status:
        message = f"{conditions.fallback.message} ({why.message})"
        conditions = replace(conditions, fallback=Condition(status=True, reason=why.reason, message=message))
    return replace(decision, conditions=replace(conditions, scaling_active=active))


def _leftover_problem(left: Manifest) -> Problem:
    meta = left["metadata"]
    message = (
        f"Deployment {meta['namespace']}/{meta['name']} is left from an earlier ChessCluster of this name; "
        "nothing is done before it is gone (delete it if it was kept by --cascade=orphan)"
    )
    return Problem(reason="LeftoverDeployment", message=message)


def _stored_history(cluster: Manifest) -> str | None:
    scaling = (cluster.get("status") or {}).get("scaling") or {}
    stored: str | None = scaling.get("history")
    return stored


def _seconds_until_expiry(reading: Reading) -> float | None:
    """When the first record expires: Redis publishes nothing then, so the reconcile must come by itself."""
    if reading.next_expiry_ms is None:
        return None
    return (reading.next_expiry_ms - reading.now_ms) / 1000 + EXPIRY_SLACK_SECONDS


def _earliest(*pauses: float | None) -> float | None:
    given = [max(pause, SHORTEST_SECONDS) for pause in pauses if pause is not None]
    return min(given, default=None)
