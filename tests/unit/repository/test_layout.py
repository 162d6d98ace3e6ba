"""The layout rules that a linter does not know."""

from pathlib import Path

ROOT = Path(__file__).parents[3]


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
