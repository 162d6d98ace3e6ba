"""An overlay as a file, made of a tree or of text."""

from pathlib import Path
from typing import Any

import pytest
import yaml


@pytest.fixture
def overlay(tmp_path: Path) -> Any:
    def write(tree: Any) -> Path:
        path = tmp_path / "overlay.yaml"
        path.write_text(tree if isinstance(tree, str) else yaml.safe_dump(tree), encoding="utf-8")
        return path

    return write
