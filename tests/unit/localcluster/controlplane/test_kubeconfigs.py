"""Kubeconfigs of components."""

from pathlib import Path

from local_plan import make_plan

from chess_localcluster.controlplane.kubeconfigs import component


def test_components_kubeconfigs_name_files_and_hold_no_key(tmp_path: Path) -> None:
    document = component(make_plan(1), tmp_path, "kubelet")
    assert document["users"][0]["user"] == {
        "client-certificate": str(tmp_path / "kubelet.crt"),
        "client-key": str(tmp_path / "kubelet.key"),
    }
