"""Names that two versions of the server share in one fleet: another name would be another lobby, or lost games.

To change one, let both versions read the new name first; only the version after that may write it.
"""

import pytest

from chess_server.store.redis.keys import BUCKETS, Keys

KEYS = Keys("uid")


@pytest.mark.parametrize(
    "found, name",
    [
        (KEYS.waits(), "chess:{uid-lobby}:waits"),
        (KEYS.expiry(), "chess:{uid-lobby}:expiry"),
        (KEYS.waiting("10+5"), "chess:{uid-lobby}:waiting:10+5"),
        (KEYS.redirect("sri"), "chess:{uid-lobby}:redirect:sri"),
        (KEYS.lobby_channel("pod"), "chess:{uid-lobby}:pod:pod"),
        (KEYS.game("abcdefgh"), "chess:uid:{abcdefgh}:game"),
        (KEYS.events("abcdefgh"), "chess:uid:{abcdefgh}:events"),
        (KEYS.seats("abcdefgh"), "chess:uid:{abcdefgh}:seats"),
        (KEYS.channel("abcdefgh"), "chess:uid:{abcdefgh}:news"),
        (KEYS.timers(7), "chess:uid:{timers-7}"),
        (KEYS.timers_of("abcdefgh"), "chess:uid:{timers-0}"),
        (KEYS.rearm_lease(), "chess:uid:rearm"),
        (KEYS.rearmed(), "chess:uid:rearmed"),
    ],
)
def test_a_name_is_the_same_in_every_version(found: str, name: str) -> None:
    assert found == name


def test_every_version_looks_at_the_same_buckets() -> None:
    assert BUCKETS == 8
