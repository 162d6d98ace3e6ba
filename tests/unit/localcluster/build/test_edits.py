"""Changes to the source of a module before it is compiled."""

import json
from pathlib import Path

import pytest

from chess_localcluster.build import edits
from chess_localcluster.build.binaries import MODULES
from chess_localcluster.build.golang import Go
from chess_localcluster.errors import ClusterError


def test_argo_cd_s_metrics_stay_on_loopback() -> None:
    edited = json.loads((MODULES / "argocd" / edits.EDITS).read_text())
    assert [one["new"] for one in edited] == ['"127.0.0.1:%d", metricsPort']


@pytest.mark.parametrize("text", ["listens on nothing", "0.0.0.0 and again 0.0.0.0"])
def test_an_edit_that_does_not_fit_exactly_once_ends_the_build(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    module, source, scratch = (tmp_path / name for name in ("module", "source", "scratch"))
    for directory in (module, source, scratch):
        directory.mkdir()
    (source / "main.go").write_text(text)
    for name in ("go.mod", "go.sum"):
        (module / name).write_text("")
    edit = {"module": "example.com/x", "file": "main.go", "old": "0.0.0.0", "new": "127.0.0.1"}  # noqa: S104 - likewise
    (module / edits.EDITS).write_text(json.dumps([edit]))
    monkeypatch.setattr(edits, "directory", lambda *_: source)
    with pytest.raises(ClusterError, match="times, not once"):
        edits.arguments(Go(program=Path("/go"), version="1.26"), module, scratch)


def test_a_module_without_edits_is_built_as_it_is(tmp_path: Path) -> None:
    assert edits.arguments(Go(program=Path("/go"), version="1.26"), tmp_path, tmp_path) == []
