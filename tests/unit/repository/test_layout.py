"""The layout rules that a linter does not know."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PACKAGES = [init.parent for init in sorted(ROOT.glob("*/chess_*/__init__.py"))]
INITS = [init for package in PACKAGES for init in sorted(package.rglob("__init__.py"))]
FACADES = {"chess_operator.api.model", "chess_operator.decide", "chess_operator.objects"}
"""Give out what their package is for, and nothing of another one."""
MOST_MODULES = 8
MOST_LINES = 300


def test_nothing_shadows_the_standard_librarys_operator() -> None:
    assert not (ROOT / "operator" / "__init__.py").exists()


def test_tests_are_no_packages() -> None:
    assert [*(ROOT / "tests").rglob("__init__.py")] == []


def test_lock_files_name_no_download_address() -> None:
    locks = [*(ROOT / "requirements").glob("*.txt")]
    assert locks
    assert [lock.name for lock in locks if "://" in lock.read_text() or "index-url" in lock.read_text()] == []


def test_every_locked_package_has_a_hash() -> None:
    for lock in (ROOT / "requirements").glob("*.txt"):
        requirements = lock.read_text().replace("\\\n", " ").splitlines()
        assert [line for line in requirements if "==" in line and "--hash=sha256:" not in line] == []


def dotted(init: Path) -> str:
    return ".".join(init.parent.relative_to(ROOT).parts[1:])


def given_out(source: str) -> list[ast.stmt]:
    """Return what an __init__ has besides its docstring."""
    body = ast.parse(source).body
    described = body and isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant)
    return body[1:] if described else body


def test_every_product_package_is_looked_at() -> None:
    assert [package.name for package in PACKAGES] == [
        "chess_bench",
        "chess_stacks",
        "chess_localcluster",
        "chess_operator",
        "chess_commands",
        "chess_presence",
        "chess_server",
    ]
    assert {dotted(init) for init in INITS} >= FACADES


@pytest.mark.parametrize("init", INITS, ids=dotted)
def test_a_package_says_what_it_is_and_imports_nothing(init: Path) -> None:
    others = given_out(init.read_text(encoding="utf-8"))
    if dotted(init) not in FACADES:
        assert [ast.unparse(statement) for statement in others] == []
        return
    imports, names = others[:-1], others[-1]
    assert ast.unparse(names).startswith("__all__ = [")
    inside = [one for one in imports if isinstance(one, ast.ImportFrom)]
    assert inside == imports
    assert [one.module for one in inside if not f"{one.module}.".startswith(f"{dotted(init)}.")] == []


@pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package.name)
def test_a_packages_root_shows_only_the_process(package: Path) -> None:
    modules = [module.stem for module in package.glob("*.py") if module.stem not in {"__init__", "__main__"}]
    assert len(modules) <= MOST_MODULES, sorted(modules)


@pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package.name)
def test_a_module_fits_in_a_readers_head(package: Path) -> None:
    lines = {module: len(module.read_text(encoding="utf-8").splitlines()) for module in package.rglob("*.py")}
    assert {str(module.relative_to(ROOT)): n for module, n in lines.items() if n > MOST_LINES} == {}
