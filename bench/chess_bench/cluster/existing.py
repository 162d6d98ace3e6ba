"""A cluster that the user has, as the settings name it. Pure."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Existing:
    """How to reach the cluster, what to run on it, and the files with the URLs of its stores."""

    context: str
    image: str
    redis_url_file: Path
    database_url_file: Path
