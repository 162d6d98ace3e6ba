"""Builds the Go modules in `modules/`, once for each state of their files, and links the programs by name.

A build is kept under the hash of everything that decides it: module files, sources, Go version, flags.
"""

import hashlib
import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from chess_localcluster.build import edits, golang
from chess_localcluster.build.golang import Go
from chess_localcluster.errors import ClusterError
from chess_localcluster.machine.commands import reaches_nobody, reason_in
from chess_localcluster.machine.locks import locked
from chess_localcluster.paths import Cache
from chess_localcluster.plan import KUBERNETES_VERSION
from chess_localcluster.progress import Note, Progress

MODULES = Path(__file__).parent / "modules"
NEEDED_BYTES = 6 << 30  # modules, Go's build cache and the result, measured 4.4 GB
GARBAGE_PERCENT = "400"
"""The compiler's GOGC: a quarter less time than with Go's own 100, for memory that the machine has."""
COMPILER = "all=-dwarf=false"
"""No debug information, which the linker drops in any case (-w): a seventh less time, the same program."""
VERSION_FLAG = f"-X k8s.io/component-base/version.gitVersion={KUBERNETES_VERSION}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Build:
    """One program to compile."""

    name: str
    module: str
    package: str
    title: str
    tags: str = ""
    linker: str = "-s -w"
    cgo: bool = False
    names: tuple[str, ...] = ()
    """Further names of the program, which dispatches on the name it is called by."""

    def key(self, go_version: str) -> str:
        """Return the hash of all that decides the result."""
        digest = hashlib.sha256(repr((self, go_version)).encode())
        for path in sorted((MODULES / self.module).rglob("*")):
            if path.is_file():
                digest.update(path.name.encode() + b"\0" + path.read_bytes())
        return digest.hexdigest()[:16]


KUBE = Build(
    name="kube",
    module="kube",
    package=".",
    title=f"Kubernetes {KUBERNETES_VERSION} from its Go modules",
    tags="no_btrfs,no_devmapper,no_zfs",
    linker=f"-s -w {VERSION_FLAG}",
    names=(
        "etcd",
        "kube-apiserver",
        "kube-controller-manager",
        "kube-scheduler",
        "kubelet",
        "kube-proxy",
        "coredns",
        "containerd",
        "ctr",
        "kubectl",
    ),
)
SHIM = Build(name="containerd-shim-runc-v2", module="kube", package="./shim", title="containerd's shim")
RUNC = Build(
    name="runc",
    module="runc",
    package="github.com/opencontainers/runc",
    title="runc",
    tags="seccomp",
    cgo=True,
)


def ensure(cache: Cache, builds: tuple[Build, ...], progress: Progress) -> None:
    """Build what is missing, and link each program in the cache's bin directory."""
    go: Go | None = None
    for build in builds:
        go = go or golang.ensure(cache, progress)
        target = cache.bin / build.key(go.version) / build.name
        with locked(cache.bin / f".{build.module}.lock", f"build of {build.module}", progress):
            if not target.exists():
                _compile(go, build, target, progress)
            _link(cache.bin, target, build)


def _compile(go: Go, build: Build, target: Path, progress: Progress) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    require_disk(target.parent, NEEDED_BYTES, f"building {build.name}")
    draft = target.with_suffix(".draft")
    argv = [str(go.program), "build", "-v", "-trimpath", "-buildvcs=false", "-mod=readonly"]
    argv += ["-gcflags", COMPILER, "-tags", build.tags, "-ldflags", build.linker]
    argv += ["-o", str(draft), build.package]
    environment = {"GOGC": GARBAGE_PERCENT} | go.environment() | {"CGO_ENABLED": "1" if build.cgo else "0"}
    module = MODULES / build.module
    with progress.stage(f"building {build.title}") as note, tempfile.TemporaryDirectory() as scratch:
        argv[2:2] = edits.arguments(go, module, Path(scratch))
        _follow(argv, module, environment, note)
        draft.replace(target)


def _follow(argv: list[str], module: Path, environment: dict[str, str], note: Note) -> None:
    """Run the compiler; each line that it prints is a finished package or part of an error."""
    last: list[str] = []
    with subprocess.Popen(
        argv, cwd=module, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as compiler:
        for count, line in enumerate(compiler.stdout or (), start=1):
            last = [*last[-20:], line.strip()]
            note(f"{count} packages and downloads")
    if compiler.returncode:
        text = "\n".join(last)
        shown = reason_in(text) if reaches_nobody(text) else " / ".join(last[-5:])
        raise ClusterError(f"go build in {module} failed: {shown}")


def _link(directory: Path, target: Path, build: Build) -> None:
    for name in (build.name, *build.names):
        for link, to in ((target.with_name(name), target.name), (directory / name, target)):
            if link == target or (link.is_symlink() and link.readlink() == Path(to)):
                continue
            draft = link.with_name(f".{name}.{os.getpid()}")
            draft.unlink(missing_ok=True)
            draft.symlink_to(to)
            draft.replace(link)


def require_disk(path: Path, wanted: int, purpose: str) -> None:
    """Fail early, in one line, if there is too little disk."""
    free = shutil.disk_usage(path).free
    if free < wanted:
        raise ClusterError(
            f"too little disk: {purpose} takes {wanted / 1e9:.1f} GB under {path}, {free / 1e9:.1f} GB are free"
        )
