"""Kernel modules that are there, are loaded, or are named."""

import platform
from pathlib import Path

import pytest

from chess_localcluster.machine import modules


def modprobe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    program = tmp_path / "programs" / "modprobe"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\n{text}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")


def test_what_is_there_is_not_loaded_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    modprobe(tmp_path, monkeypatch, f"touch {tmp_path}/asked")
    (tmp_path / "proof").touch()
    assert modules.br_netfilter(tmp_path / "proof") is None
    assert not (tmp_path / "asked").exists()


def test_what_is_missing_is_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    modprobe(tmp_path, monkeypatch, f"touch {tmp_path}/proof")
    assert modules.br_netfilter(tmp_path / "proof") is None


@pytest.mark.parametrize(
    "program, said",
    [
        ("echo 'modprobe: FATAL: Module x not found' >&2; exit 1", "(modprobe: FATAL: Module x not found)"),
        ("exit 1", "(modprobe shows no error)"),
    ],
)
def test_what_cannot_be_loaded_is_named_with_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str, said: str
) -> None:
    modprobe(tmp_path, monkeypatch, program)
    assert modules.br_netfilter(tmp_path / "proof") == (
        f"kernel module br_netfilter is neither built in nor loaded {said}",
        f"install the modules of kernel {platform.release()}, then `modprobe br_netfilter`",
    )


def test_a_kernel_that_has_the_module_and_not_its_setting_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    modprobe(tmp_path, monkeypatch, "exit 0")
    found = modules.br_netfilter(tmp_path / "proof")
    assert found is not None
    assert found[0] == f"br_netfilter is loaded, but {tmp_path}/proof is missing"


def test_a_machine_without_modprobe_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    found = modules.load("overlay")
    assert found is not None
    assert "(modprobe is not installed)" in found[0]
