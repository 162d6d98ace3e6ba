"""The wheel, installed as users install it: a fresh environment for each extra, outside of the repository."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
UV = Path(sys.executable).with_name("uv")
COMMANDS = {
    "chess-operator": "operator",
    "chess-server": "server",
    "chess-stacks": "aws",
    "localcluster": "local",
}
PROGRAMS = {
    "operator": "chess_operator",
    "server": "chess_server",
    "aws": "chess_stacks",
    "local": "chess_localcluster",
}
EXTRAS = ["none", *PROGRAMS]
IMPORT_ALL = """
import importlib, pkgutil, sys
package = importlib.import_module(sys.argv[1])
for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
    if not found.name.endswith(("__main__", "migrations.env")):
        importlib.import_module(found.name)
"""
"""But for programs, which would run, and for what alembic alone can load."""

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]


def run(*command: object, cwd: Path, code: int | None = 0) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(cwd), "COLUMNS": "200", "TERM": "dumb"}
    done = subprocess.run(
        [*map(str, command)],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert code is None or done.returncode == code, (
        f"{command}: {done.returncode}: {done.stderr or done.stdout}"
    )
    assert "Traceback" not in done.stderr + done.stdout, done.stderr
    return done


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("wheel")
    build = [
        UV,
        "build",
        "--quiet",
        "--wheel",
        "--no-build-isolation",
        "--python",
        sys.executable,
        "--out-dir",
        out,
    ]
    subprocess.run([*map(str, build), str(ROOT)], check=True, timeout=300)
    (found,) = out.glob("*.whl")
    return found


@pytest.fixture(scope="session", params=EXTRAS)
def installed(
    wheel: Path, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> tuple[str, Path]:
    """Return an extra, and the directory of the programs of an environment with it."""
    extra, place = request.param, tmp_path_factory.mktemp(f"with-{request.param}") / "venv"
    wanted = str(wheel) if extra == "none" else f"{wheel}[{extra}]"
    subprocess.run([UV, "venv", "--quiet", "--python", sys.executable, place], check=True, timeout=120)
    install = [UV, "pip", "install", "--quiet", "--python", place / "bin/python"]
    subprocess.run([*install, "-c", ROOT / "requirements/dev.txt", wanted], check=True, timeout=500)
    return extra, place / "bin"


def subcommands(text: str) -> Iterator[str]:
    """Return the commands that a help lists, whether it is boxed or plain."""
    listed = re.search(r"Commands[^\n]*\n(.*)", text, re.DOTALL)
    for line in (listed[1] if listed else "").splitlines():
        if found := re.match(r"[│ ] {0,2}([a-z][a-z-]*)  ", line):
            yield found[1]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_answers_version_and_help(
    installed: tuple[str, Path], command: str, tmp_path: Path
) -> None:
    extra, programs = installed
    assert run(programs / command, "--version", cwd=tmp_path).stdout == f"{command} 0.1.0\n"
    helped = run(programs / command, "--help", cwd=tmp_path).stdout
    assert helped
    if COMMANDS[command] == extra:
        found = list(subcommands(helped))
        assert found, helped
        for name in found:
            if name != "kubectl":  # all of its arguments are kubectl's
                assert "Usage" in run(programs / command, name, "--help", cwd=tmp_path).stdout


@pytest.mark.parametrize("command", COMMANDS)
def test_a_missing_extra_is_one_line_that_names_it(
    installed: tuple[str, Path], command: str, tmp_path: Path
) -> None:
    extra, programs = installed
    needed = COMMANDS[command]
    if needed == extra:
        assert f"chesscluster[{needed}]" not in run(programs / command, cwd=tmp_path, code=None).stderr
        return
    for arguments in ([], ["--unknown"], ["run", "--unknown"]):
        done = run(programs / command, *arguments, cwd=tmp_path, code=2)
        assert done.stderr.startswith(f"{command}: needs the extra '{needed}' (")
        assert done.stderr.endswith(f"pip install 'chesscluster[{needed}]'\n")
        assert (done.stdout, done.stderr.count("\n")) == ("", 1)


def test_an_extra_brings_all_that_its_program_imports(installed: tuple[str, Path], tmp_path: Path) -> None:
    extra, programs = installed
    if extra in PROGRAMS:
        run(programs / "python", "-c", IMPORT_ALL, PROGRAMS[extra], cwd=tmp_path)


def test_the_bench_stays_in_the_repository(installed: tuple[str, Path], tmp_path: Path) -> None:
    _, programs = installed
    run(
        programs / "python",
        "-c",
        "import importlib.util as u; assert not u.find_spec('chess_bench')",
        cwd=tmp_path,
    )
