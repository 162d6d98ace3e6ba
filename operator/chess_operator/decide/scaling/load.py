"""How many replicas the load asks for: wanted = ceil((connections + buffer) / target), with HPA's tolerance."""

from chess_operator.api.model.scaling import Scaling, fraction

_FULL = 100


def buffer(connections: int, size: int | str) -> int:
    """Spare connections to keep. A percentage is of the capacity, by Agones' formula: ceil(c * 100 / (100 - p)) - c."""
    if isinstance(size, int):
        return size
    percentage = int(size.removesuffix("%"))
    return ceiling(connections * _FULL, _FULL - percentage) - connections


def wanted(connections: int, scaling: Scaling, current: int) -> int:
    """Replicas for these connections; `current` while the load is within its tolerance."""
    load = connections + buffer(connections, scaling.buffer_size)
    capacity = scaling.target_connections_per_replica * current
    if current > 0 and _tolerable(load, capacity, scaling):
        return current
    return ceiling(load, scaling.target_connections_per_replica)


def _tolerable(load: int, capacity: int, scaling: Scaling) -> bool:
    up = fraction(scaling.behavior.scale_up.tolerance)
    down = fraction(scaling.behavior.scale_down.tolerance)
    return capacity * (1 - down) <= load <= capacity * (1 + up)


def ceiling(dividend: int, divisor: int) -> int:
    """Divide and round up, exactly."""
    return -(-dividend // divisor)
