"""The console commands. Each imports its program when it is called, if the extra with its packages is there.

With an extra missing, `--version` and `--help` still answer; anything else is one line that names the extra, and exit
code 2.
"""

import re
import sys
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, requires, version

DISTRIBUTION = "chesscluster"
USAGE = 2
_REQUIREMENT = re.compile(r"([A-Za-z0-9._-]+).*;.*\bextra == ['\"]([a-z]+)['\"]")


def operator() -> None:
    """Run `chess-operator`."""
    require("chess-operator", "operator")
    from chess_operator.cli import main

    main()


def server() -> None:
    """Run `chess-server`."""
    require("chess-server", "server")
    from chess_server.cli import main

    main()


def stacks() -> None:
    """Run `chess-stacks`."""
    require("chess-stacks", "aws")
    from chess_stacks.cli import main

    main()


def localcluster() -> None:
    """Run `localcluster`."""
    require("localcluster", "local")
    from chess_localcluster.cli import main

    main()


def require(command: str, extra: str) -> None:
    """End here, unless the extra is installed."""
    if absent := missing(extra):
        sys.exit(_answer(command, extra, absent, sys.argv[1:]))


def missing(extra: str, installed: Callable[[str], str] = version) -> list[str]:
    """Return the packages of an extra that are not installed."""
    found = (_REQUIREMENT.match(one) for one in requires(DISTRIBUTION) or ())
    return [one[1] for one in found if one and one[2] == extra and not _is_there(one[1], installed)]


def _is_there(name: str, installed: Callable[[str], str]) -> bool:
    try:
        return bool(installed(name))
    except PackageNotFoundError:
        return False


def _answer(command: str, extra: str, absent: list[str], arguments: list[str]) -> int:
    needs = (
        f"{command}: needs the extra '{extra}' ({', '.join(absent)}): pip install '{DISTRIBUTION}[{extra}]'"
    )
    if "--version" in arguments:
        print(f"{command} {version(DISTRIBUTION)}")
    elif "--help" in arguments:
        print(needs)
    else:
        print(needs, file=sys.stderr)
        return USAGE
    return 0
