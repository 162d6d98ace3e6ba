"""Versions of a profile against the tables in `facts`: how they compare, and which are newer than a table. Pure."""

from chess_stacks.profile import facts
from chess_stacks.profile.model import Profile
from chess_stacks.profile.sections import Cache


def minor(version: str) -> int:
    """Return the minor of a Kubernetes version: `1.36` → 36."""
    return int(version.partition(".")[2])


def pair(version: str) -> tuple[int, int]:
    """Return major and minor, which is 0 where none is given: `17.9` → (17, 9)."""
    major, _, rest = version.partition(".")
    return int(major), int(rest or 0)


def of_cache(cache: Cache) -> tuple[str, ...]:
    """Return the versions on offer for the kind of cache, oldest first."""
    return (facts.SERVERLESS_MAJORS if cache.kind == "serverless" else facts.CACHE_ENGINES)[cache.engine]


def newer(profile: Profile) -> list[str]:
    """Return one line for each version that is newer than its table."""
    return [
        f"{path}: {value} is newer than the table this project carries; not checked"
        for path, value, is_newer in (
            ("eks.version", profile.eks.version, _newer_eks(profile)),
            ("database.version", profile.database.version, _newer_database(profile)),
            ("cache.version", profile.cache.version, _newer_cache(profile)),
        )
        if is_newer
    ]


def _newer_eks(profile: Profile) -> bool:
    return minor(profile.eks.version) > max(map(minor, facts.EKS_STANDARD_SUPPORT_ENDS))


def _newer_database(profile: Profile) -> bool:
    known = facts.POSTGRES_MINORS[profile.database.kind]
    major, release = pair(profile.database.version)
    return major > max(known) or (major in known and release > max(known[major]))


def _newer_cache(profile: Profile) -> bool:
    return pair(profile.cache.version) > pair(of_cache(profile.cache)[-1])
