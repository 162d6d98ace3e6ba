"""Memory, disk, distribution and names."""

from pathlib import Path

import pytest

from chess_localcluster.preflight import resources
from chess_localcluster.preflight.check import Level
from chess_localcluster.preflight.resources import Disk

DEBIAN = 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nID=debian\nVERSION_ID="12"\n'
UBUNTU = 'PRETTY_NAME="Ubuntu 24.04.1 LTS"\nID=ubuntu\nVERSION_ID="24.04"\n'
FEDORA = 'PRETTY_NAME="Fedora Linux 42"\nID=fedora\nVERSION_ID=42\n'


@pytest.mark.parametrize("kilobytes, level", [(3_000_000, Level.OK), (1_000_000, Level.WARNING)])
def test_little_memory_only_warns(kilobytes: int, level: Level) -> None:
    assert resources.memory(f"MemTotal: 1 kB\nMemAvailable: {kilobytes} kB\n").level is level


@pytest.mark.parametrize("free, level", [(1 << 30, Level.OK), ((1 << 30) - 1, Level.REFUSED)])
def test_too_little_disk_is_refused(free: int, level: Level) -> None:
    room = Disk(path=Path("/x"), free=free, needed=1 << 30, purpose="a cluster")
    assert resources.disk(room).level is level


@pytest.mark.parametrize(
    "release, missing, has_apt, level",
    [
        pytest.param(DEBIAN, ["nftables"], True, Level.OK, id="Debian"),
        pytest.param(DEBIAN.replace("12", "11"), [], True, Level.WARNING, id="an older Debian"),
        pytest.param(UBUNTU, ["nftables"], True, Level.WARNING, id="one like Debian"),
        pytest.param(FEDORA, ["nftables"], False, Level.REFUSED, id="another, where something is missing"),
        pytest.param(FEDORA, [], False, Level.WARNING, id="another that has everything"),
        pytest.param("", [], True, Level.WARNING, id="one that does not say its name"),
    ],
)
def test_a_distribution_is_refused_only_where_something_is_missing_and_cannot_come(
    release: str,
    missing: list[str],
    has_apt: bool,  # noqa: FBT001 - a column of the table
    level: Level,
) -> None:
    found = resources.distribution(release, missing, has_apt=has_apt)
    assert found.level is level
    assert level is not Level.REFUSED or found.line.endswith("packages nftables")


@pytest.mark.parametrize(
    "home, cache, text",
    [
        ("/srv/my cluster", "/c", "the home '/srv/my cluster' has a space in its name"),
        ("/srv/a:b", "/c", "the home '/srv/a:b' has ':' in its name"),
        ("/h", "/home/x y/.cache", "the cache '/home/x y/.cache' has a space in its name"),
        (f"/srv/{'x' * 90}", "/c", "is too long for the sockets in it (at most 81 characters)"),
    ],
)
def test_a_name_that_a_program_does_not_take_is_refused(home: str, cache: str, text: str) -> None:
    found = resources.paths(Path(home), Path(cache))
    assert found.level is Level.REFUSED
    assert text in found.line


@pytest.mark.parametrize("home", ["/var/lib/localcluster", f"/{'x' * 80}", "/srv/ünï-1_2.3+4@5"])
def test_other_names_are_taken(home: str) -> None:
    assert resources.paths(Path(home), Path("/root/.cache/chesscluster")).level is Level.OK


@pytest.mark.parametrize(
    "owner, me, warned", [(1000, 0, True), (0, 0, False), (None, 0, False), (1000, 1000, False)]
)
def test_a_cache_of_another_user_warns_root(owner: int | None, me: int, warned: bool) -> None:  # noqa: FBT001 - a column of the table
    assert bool(resources.cache_owner(Path("/c"), owner, me)) is warned
