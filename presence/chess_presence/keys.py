"""Where presence lives in Redis: one builder per key.

All keys of a cluster have the hash tag `{cluster-uid}`, so that they share a slot and one Lua call may use them all.
"""


def records(cluster_uid: str) -> str:
    """Hash: pod uid → heartbeat record."""
    return f"chess:{{{cluster_uid}}}:records"


def expiry(cluster_uid: str) -> str:
    """Sorted set: pod uid → Redis TIME in milliseconds at which its record expires."""
    return f"chess:{{{cluster_uid}}}:expiry"


def drains(cluster_uid: str) -> str:
    """Hash: pod uid → drain deadline in milliseconds of Redis TIME, or 0 for a drain taken back."""
    return f"chess:{{{cluster_uid}}}:drains"


def census_channel(cluster_uid: str) -> str:
    """Channel: `records.news` each time a pod's record is written, its uid alone when it is removed."""
    return f"chess:{{{cluster_uid}}}:census"


def orders_channel(cluster_uid: str) -> str:
    """Sharded channel: a pod's uid, each time it is ordered to drain or to stop draining."""
    return f"chess:{{{cluster_uid}}}:orders"
