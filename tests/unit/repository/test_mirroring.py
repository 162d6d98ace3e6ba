"""A unit test is found by its module's path: `test_MODULE.py` or `test_MODULE_TOPIC.py`, in the same folder."""

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
UNIT = ROOT / "tests" / "unit"
PACKAGES = {
    "commands": "presence/chess_commands",
    "bench": "bench/chess_bench",
    "localcluster": "localcluster/chess_localcluster",
    "operator": "operator/chess_operator",
    "presence": "presence/chess_presence",
    "server": "server/chess_server",
    "stacks": "cloudformation/chess_stacks",
}
TESTS = sorted(test for package in PACKAGES for test in (UNIT / package).rglob("test_*.py"))


def mirrors(test: Path) -> bool:
    """Return whether the test's name begins with that of a module or a folder where its path leads."""
    package, *folders = test.parent.relative_to(UNIT).parts
    there = ROOT / PACKAGES[package] / "/".join(folders)
    names = {file.stem.strip("_") for file in there.glob("*.py") if file.stem != "__init__"}
    names |= {init.parent.name for init in there.glob("*/__init__.py")}
    name = test.stem.removeprefix("test_")
    return any(name == one or name.startswith(f"{one}_") for one in names)


@pytest.mark.parametrize("test", TESTS, ids=lambda test: str(test.relative_to(UNIT)))
def test_a_test_lies_where_its_module_does(test: Path) -> None:
    assert mirrors(test)


@pytest.mark.parametrize(
    "path", ["operator/decide/test_decision.py", "operator/decide/test_decision_topic.py"]
)
def test_a_test_of_a_module_or_of_its_topic_mirrors_it(path: str) -> None:
    assert mirrors(UNIT / path)


@pytest.mark.parametrize("path", ["operator/decide/test_settings.py", "operator/decide/test_decisions.py"])
def test_a_test_of_nothing_is_noticed(path: str) -> None:
    assert not mirrors(UNIT / path)
