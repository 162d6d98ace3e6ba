"""Synthesis is a function of the profile: no network, no credentials, no clock."""

import subprocess
import sys

from chess_stacks.parts import names
from chess_stacks.profile.load import load
from chess_stacks.synth.catalog import enabled
from chess_stacks.synth.synthesis import synthesize

ALONE = """
import socket, sys
sys.modules["boto3"] = sys.modules["botocore"] = None

def refuse(*_, **__):
    raise AssertionError("synthesis opened a socket")

socket.socket.connect = socket.create_connection = socket.getaddrinfo = refuse
from chess_stacks.profile.load import load
from chess_stacks.synth import synthesis
print(len(synthesis.synthesize(load("prod")).templates))
"""


def test_it_needs_neither_network_nor_boto3() -> None:
    ran = subprocess.run(
        [sys.executable, "-c", ALONE], capture_output=True, text=True, timeout=60, check=False, env={}
    )
    assert (ran.stdout.strip(), ran.stderr) == (str(len(enabled(load("prod")))), "")


def test_the_manifest_describes_the_templates() -> None:
    made = synthesize(load("staging"))
    assert [entry.key for entry in made.manifest] == list(made.templates)
    for entry in made.manifest:
        body = made.templates[entry.key]
        assert entry.name == names.stack_name("staging", entry.key)
        assert entry.resources == len(body["Resources"])
        assert set(entry.outputs) == set(body.get("Outputs", {}))
        assert {given.parameter for given in entry.inputs} == set(body.get("Parameters", {}))


def test_the_manifest_is_in_an_order_that_can_be_deployed() -> None:
    seen: set[str] = set()
    for entry in synthesize(load("prod")).manifest:
        assert set(entry.depends_on) <= seen
        seen.add(entry.key)


def test_two_environments_share_nothing_but_their_shape() -> None:
    one = synthesize(load("dev", env="one"))
    other = synthesize(load("dev", env="other"))
    assert [entry.key for entry in one.manifest] == [entry.key for entry in other.manifest]
    assert not {entry.name for entry in one.manifest} & {entry.name for entry in other.manifest}
    assert "chess-other" not in str(one.templates)
    assert "/chess/other/" not in str(one.templates)
