"""What the user may choose for a run, from the environment; each wrong value is one line. Pure."""

import argparse
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from chess_bench.bots import games
from chess_bench.cluster.existing import Existing
from chess_bench.cluster.objects import wanted

FEWEST_PLAYERS, MOST_PLAYERS = 8, 2000
MIN_REPLICAS, PEAK_REPLICAS, MAX_REPLICAS = 2, 6, 8
MOST_CHANGES = 1000
TRUE = frozenset({"1", "true", "yes", "on"})
FALSE = frozenset({"", "0", "false", "no", "off"})
NAMESPACE = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
EXISTING = ("CONTEXT", "IMAGE", "REDIS_URL_FILE", "DATABASE_URL_FILE")


class SettingsError(ValueError):
    """A wrong setting, in one line: its name, its value, what is allowed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings of one run."""

    players: int = 400
    games_file: Path = field(default=games.BUNDLED)
    keep: bool = False
    namespace: str = "chess-demo"
    think_seconds: float = 0.7
    entry: tuple[str, int] | None = None
    existing: Existing | None = None
    out: Path = field(default=Path("out/demo.json"))
    changes: int = 25
    """How many changes of replicas the reaction is measured over."""

    @property
    def target(self) -> int:
        """Connections per replica, such that all players together need `PEAK_REPLICAS`."""
        return max(1, math.ceil(self.players / (PEAK_REPLICAS - 0.4)))

    @property
    def peak_wanted(self) -> int:
        """The replicas that all players together need."""
        return self.wanted(self.players)

    def wanted(self, connections: int) -> int:
        """Return the replicas that the operator should want for that many connections."""
        return wanted(connections, minimum=MIN_REPLICAS, maximum=MAX_REPLICAS, target=self.target)


def refuse_arguments(module: str, about: str | None) -> None:
    """Answer `--help` and refuse all else: settings come from the environment; no run must start by mistake."""
    argparse.ArgumentParser(
        prog=f"python -m {module}",
        description=about,
        epilog="Settings come from the environment; docs/demo.md lists them.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    ).parse_args()


def read(environment: Mapping[str, str]) -> Settings:
    """Read the settings of `make demo` and `make bench-reaction`."""
    default = Settings()
    games_file = environment.get("DEMO_GAMES", "")
    return Settings(
        players=_whole(environment, "DEMO_PLAYERS", default.players, FEWEST_PLAYERS, MOST_PLAYERS),
        games_file=Path(games_file) if games_file else default.games_file,
        keep=_flag(environment, "KEEP"),
        namespace=_namespace(environment.get("DEMO_NAMESPACE") or default.namespace),
        think_seconds=_seconds(environment, "DEMO_THINK_SECONDS", default.think_seconds),
        entry=_entry(environment.get("DEMO_ENTRY", "")),
        existing=_existing(environment),
        out=Path(environment.get("DEMO_OUT") or default.out),
        changes=_whole(environment, "REACTION_CHANGES", default.changes, 1, MOST_CHANGES),
    )


def _whole(environment: Mapping[str, str], name: str, default: int, low: int, high: int) -> int:
    text = environment.get(name) or str(default)
    if not text.isascii() or not text.isdigit() or not low <= int(text) <= high:
        raise SettingsError(f"{name}: {text!r} is not allowed; give a whole number from {low} to {high}")
    return int(text)


def _seconds(environment: Mapping[str, str], name: str, default: float) -> float:
    text = environment.get(name) or str(default)
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0.05 <= seconds <= 10:  # noqa: PLR2004 - the message has the bounds
        raise SettingsError(f"{name}: {text!r} is not allowed; give seconds from 0.05 to 10")
    return seconds


def _flag(environment: Mapping[str, str], name: str) -> bool:
    text = environment.get(name, "").lower()
    if text not in TRUE | FALSE:
        raise SettingsError(f"{name}: {text!r} is not allowed; give 1 or 0")
    return text in TRUE


def _namespace(text: str) -> str:
    if not NAMESPACE.fullmatch(text):
        raise SettingsError(f"DEMO_NAMESPACE: {text!r} is not allowed; give at most 63 of a-z, 0-9 and -")
    return text


def _entry(text: str) -> tuple[str, int] | None:
    if not text:
        return None
    host, _, port = text.rpartition(":")
    if not host or not port.isascii() or not port.isdigit() or not 0 < int(port) < 65536:  # noqa: PLR2004 - the highest port
        raise SettingsError(f"DEMO_ENTRY: {text!r} is not allowed; give host:port")
    return host.strip("[]"), int(port)


def _existing(environment: Mapping[str, str]) -> Existing | None:
    given = {name: environment.get(name, "") for name in EXISTING}
    if not any(given.values()):
        return None
    missing = [name for name, value in given.items() if not value]
    if missing:
        raise SettingsError(f"{', '.join(missing)}: missing; an existing cluster needs {', '.join(EXISTING)}")
    for name in ("REDIS_URL_FILE", "DATABASE_URL_FILE"):
        if not Path(given[name]).is_file():
            raise SettingsError(f"{name}: {given[name]!r} is not a file; give a file that holds a URL")
    return Existing(
        context=given["CONTEXT"],
        image=given["IMAGE"],
        redis_url_file=Path(given["REDIS_URL_FILE"]),
        database_url_file=Path(given["DATABASE_URL_FILE"]),
    )
