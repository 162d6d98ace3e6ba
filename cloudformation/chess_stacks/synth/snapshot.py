"""What a review of a change to the stacks has to see: small enough to read, complete where loss would hurt.

For every stack its parameters, its outputs and each resource's type; for a resource that holds data its whole body. The
snapshots live with the tests; `python -m chess_stacks.synth.snapshot DIR` writes them again.
"""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from chess_stacks.parts.retention import STATEFUL
from chess_stacks.profile.load import NAMES, load
from chess_stacks.synth.synthesis import Assembly, synthesize

Snapshot = dict[str, Any]


def take(assembly: Assembly) -> Snapshot:
    """Reduce an assembly to what a snapshot keeps."""
    return {entry.key: _stack(assembly.templates[entry.key]) for entry in assembly.manifest}


def _stack(body: Mapping[str, Any]) -> Snapshot:
    resources = body["Resources"]
    return {
        "parameters": {name: given["Type"] for name, given in body.get("Parameters", {}).items()},
        "outputs": sorted(body.get("Outputs", {})),
        "resources": {name: resource["Type"] for name, resource in resources.items()},
        "stateful": {name: resource for name, resource in resources.items() if resource["Type"] in STATEFUL},
    }


def lost(before: Snapshot, after: Snapshot) -> list[str]:
    """Name what held data before and is gone or has another name: CloudFormation would delete it."""
    return [
        f"{stack}/{name}"
        for stack, taken in before.items()
        for name, resource in taken["stateful"].items()
        if after.get(stack, {}).get("stateful", {}).get(name, {}).get("Type") != resource["Type"]
    ]


def main(folder: Path) -> None:
    """Write the snapshot of every profile."""
    for name in NAMES:
        text = json.dumps(take(synthesize(load(name))), indent=1, sort_keys=True)
        (folder / f"{name}.json").write_text(f"{text}\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
