"""A loop sleeps until something concerns it, and no wake is lost or counted twice."""

import asyncio

from chess_operator.api.resources.kinds import CLUSTERS, PODS
from chess_operator.api.resources.names import CLUSTER_LABEL, Key
from chess_operator.kube.mirror import Mirror
from chess_operator.reconcile.waker import Waker, Wakers

KEY = Key("chess", "arena")


async def sleeps(waker: Waker) -> bool:
    """Whether it keeps sleeping."""
    task = asyncio.create_task(waker.sleep(None))
    done, _ = await asyncio.wait({task}, timeout=0.02)
    task.cancel()
    return not done


async def test_wakes_that_come_before_it_sleeps_are_one_wake() -> None:
    waker = Waker()
    waker.wake()
    waker.wake()
    assert not await sleeps(waker)
    assert await sleeps(waker)


async def test_it_wakes_by_itself_when_its_time_is_over() -> None:
    await asyncio.wait_for(Waker().sleep(0.01), 5)


async def test_a_new_cluster_of_the_same_name_is_still_woken_after_the_old_one_is_cleaned_up() -> None:
    wakers = Wakers()
    mirror = Mirror(wakers.wake)
    meta = {"name": "arena", "namespace": "chess", "generation": 1}
    mirror.put(CLUSTERS, {"metadata": {**meta, "uid": "old", "resourceVersion": "1"}})
    mirror.remove(CLUSTERS, {"metadata": {**meta, "uid": "old", "resourceVersion": "2"}})
    mirror.put(CLUSTERS, {"metadata": {**meta, "uid": "new", "resourceVersion": "3"}})
    waker = wakers.of(KEY)
    if mirror.is_gone(KEY):
        wakers.forget(KEY)
    labels = {CLUSTER_LABEL: "arena"}
    mirror.put(PODS, {"metadata": {**meta, "uid": "a", "resourceVersion": "4", "labels": labels}})
    assert not await sleeps(waker)


async def test_a_change_wakes_its_own_cluster_only() -> None:
    wakers = Wakers()
    mine, other = wakers.of(KEY), wakers.of(Key("chess", "other"))
    wakers.wake(KEY)
    wakers.wake(Key("chess", "unknown"))
    assert not await sleeps(mine)
    assert await sleeps(other)
