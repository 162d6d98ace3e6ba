"""Redis TIME from probes, and a clock that is set while games are played."""

from collections.abc import Iterator

import pytest

from chess_server.store import health as module
from chess_server.store.health import Health, NodesState, RedisTime


@pytest.mark.parametrize(
    "probes, step",
    [
        ([(1000, 0, 4), (1100, 100, 104)], 0),
        ([(1000, 0, 4), (1151, 100, 104)], 0),
        ([(1000, 0, 4), (1160, 100, 104)], 60),
        ([(1000, 0, 4), (1040, 100, 104)], -60),
        ([(1000, 0, 4), (1500, 100, 900)], 0),
        ([(1000, 0, 800), (900, 801, 805)], -503),
        ([(1000, 0, 4), (3_601_100, 100, 104)], 3_600_000),
    ],
    ids=[
        "steady",
        "drift",
        "forward",
        "back",
        "a slow probe proves nothing",
        "after a slow probe",
        "an hour",
    ],
)
def test_a_step_is_what_two_probes_cannot_both_explain(probes: list[tuple[int, int, int]], step: int) -> None:
    clock = RedisTime()
    *before, last = probes
    assert [clock.sample(*probe) for probe in before] == [0] * len(before), "the first probe sets the clock"
    assert clock.sample(*last) == step


class Probed:
    """Stands in for the nodes of Redis, and for this machine's clock."""

    def __init__(self) -> None:
        self.here_ms = 1_000_000.0
        self.ahead_ms = 500_000.0
        self.replids = {"": "one"}

    def of(self, _key: str) -> str:
        return ""

    async def probe(self) -> NodesState:
        return NodesState(now_ms=self.here_ms + self.ahead_ms, replids=self.replids)


@pytest.fixture
def probed(monkeypatch: pytest.MonkeyPatch) -> Iterator[Probed]:
    made = Probed()
    monkeypatch.setattr(module, "_monotonic_ms", lambda: made.here_ms)
    return made


async def _thinks(probed: Probed, health: Health, clock: RedisTime, set_by_ms: int) -> int:
    """How long a turn of 4 s took in which Redis' clock was set."""
    await health.probe()
    began_ms = clock.now_ms()
    probed.here_ms += 3000
    probed.ahead_ms += set_by_ms
    await health.probe()
    probed.here_ms += 1000
    await health.probe()
    return health.outages.elapsed(began_ms, clock.now_ms())


@pytest.mark.parametrize("set_by_ms", [0, 60, 3000, 3_600_000])
async def test_nobody_pays_for_a_clock_that_was_set_forward(probed: Probed, set_by_ms: int) -> None:
    clock = RedisTime()
    health = Health(probed, clock)
    assert await _thinks(probed, health, clock, set_by_ms) == 4000


async def test_nobody_pays_for_one_that_was_set_back(probed: Probed) -> None:
    clock = RedisTime()
    assert await _thinks(probed, Health(probed, clock), clock, -3_600_000) == 0


async def test_another_hosts_clock_is_not_one_that_was_set(probed: Probed) -> None:
    clock = RedisTime()
    health = Health(probed, clock)
    await health.probe()
    probed.replids, probed.ahead_ms = {"": "two"}, probed.ahead_ms + 5000
    await health.probe()
    assert health.outages.closed == ()
    assert clock.now_ms() == probed.here_ms + probed.ahead_ms
