"""Small changes to a module's source before it is compiled. They are listed, each with its reason, in `edits.json`.

Go forbids overlays on its module cache, so the module is copied and the copy takes its place.
"""

import json
import shutil
import subprocess
from pathlib import Path

from chess_localcluster.build.golang import Go
from chess_localcluster.errors import ClusterError
from chess_localcluster.machine.commands import reason_in

EDITS = "edits.json"


def arguments(go: Go, module: Path, scratch: Path) -> list[str]:
    """Return the arguments of `go build` that make it use the changed modules, which are written to `scratch`."""
    listed = module / EDITS
    if not listed.exists():
        return []
    for name in ("go.mod", "go.sum"):
        shutil.copyfile(module / name, scratch / name)
    modfile = scratch / "go.mod"
    for edit in json.loads(listed.read_text()):
        copy = scratch / "modules" / edit["module"]
        if not copy.exists():
            shutil.copytree(directory(go, module, edit["module"]), copy, copy_function=_copy_writable)
            modfile.write_text(modfile.read_text() + f"\nreplace {edit['module']} => {copy}\n")
        _change(copy / edit["file"], edit["old"], edit["new"])
    return ["-modfile", str(modfile)]


def directory(go: Go, module: Path, path: str) -> Path:
    """Return the directory of a module in Go's cache; download it if it is not there."""
    argv = [str(go.program), "mod", "download", "-json", path]
    done = subprocess.run(argv, cwd=module, env=go.environment(), capture_output=True, text=True, check=False)
    if done.returncode:
        raise ClusterError(f"go mod download {path} failed: {reason_in(done.stderr or done.stdout)}")
    return Path(json.loads(done.stdout)["Dir"])


def _copy_writable(source: str, target: str) -> str:
    return shutil.copyfile(source, target)


def _change(source: Path, old: str, new: str) -> None:
    text = source.read_text()
    if text.count(old) != 1:
        raise ClusterError(
            f"{source} holds {old!r} {text.count(old)} times, not once: {EDITS} is for another version"
        )
    source.write_text(text.replace(old, new))
