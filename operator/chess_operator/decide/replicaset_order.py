"""Which pods a ReplicaSet deletes first, as far as it is certain (pkg/controller ActivePodsWithRanks, Kubernetes 1.36).

Unscheduled before scheduled; Pending before Unknown before Running; not ready before ready; lower deletion cost before
higher. What breaks ties after that (neighbours on the node, age on a logarithmic scale, restarts) is not modelled:
replicas are lowered only where these four decide alone.
"""

from collections.abc import Collection, Iterable

from chess_operator.decide.values import Pod

Rank = tuple[bool, int, bool, int]

_PHASES = {"Pending": 0, "Unknown": 1, "Running": 2}


def rank(pod: Pod) -> Rank:
    """Rank a pod; the lowest goes first."""
    return pod.scheduled, _PHASES[pod.phase], pod.ready, pod.deletion_cost


def in_order(pods: Iterable[Pod]) -> list[Pod]:
    """Sort as the ReplicaSet would; ties by name, so that the answer is one."""
    return sorted(pods, key=lambda pod: (*rank(pod), pod.name))


def certain(pods: Iterable[Pod], meant: Collection[str]) -> tuple[Pod, ...]:
    """Find the pods at the front of the order that are all meant, as far as no tie with another pod reaches."""
    order = in_order(pods)
    others = [rank(pod) for pod in order if pod.uid not in meant]
    first_other = min(others, default=None)
    return tuple(pod for pod in order if first_other is None or rank(pod) < first_other)


def before(pods: Iterable[Pod], last: Pod) -> tuple[Pod, ...]:
    """List the pods that could go before this one, or instead of it."""
    return tuple(pod for pod in pods if pod.uid != last.uid and rank(pod) <= rank(last))
