"""A host of its own for one script, made of namespaces: network, mounts and `/run`. Nothing of it reaches this machine.

The script is Python; `HOST` comes before it: a bridge may be made there, a firewall closed, a neighbour plugged in.
"""

import subprocess
import sys

FURNISH = "mount -t tmpfs -o mode=755 tmpfs /run && mkdir /run/lock && ip link set lo up"
HOST = '''
import json, os, socket, subprocess, sys, threading
from pathlib import Path
from local_plan import make_plan
from chess_localcluster.errors import ClusterError
from chess_localcluster import cluster
from chess_localcluster.node import firewall, network
from chess_localcluster.paths import Cache, Home
from chess_localcluster.preflight import look
from chess_localcluster.preflight.check import Level

HOME = Home(root=Path("/run/home"))
OF_THIS_MACHINE = ("memory", "disk", "distribution", "cache")

def sh(line, check=True):
    done = subprocess.run(["sh", "-c", line], capture_output=True, text=True)
    assert done.returncode == 0 or not check, (line, done.stderr)
    return done.stdout

def node():
    """Set the node's network up, as `up` does."""
    HOME.root.mkdir(exist_ok=True)
    network.ensure(make_plan(1), HOME)

def without_modules():
    """Let modprobe find nothing from now on."""
    program = Path("/run/programs/modprobe")
    program.parent.mkdir()
    program.write_text("#!/bin/sh\\necho no such module >&2\\nexit 1\\n")
    program.chmod(0o755)
    os.environ["PATH"] = f"{program.parent}:{os.environ['PATH']}"

def checks(level):
    """Return what `localcluster preflight` says at that level, without what this machine decides."""
    found = look.look(HOME, Cache.of_user(), 1)
    return [one.line for one in found if one.level is level and one.what not in OF_THIS_MACHINE]

def neighbour(name, here, there, gateway=None):
    """Plug in a host with an address of its own, by a network of its own."""
    sh(f"ip netns add {name}; ip link add {name}0 type veth peer name eth0 netns {name}")
    sh(f"ip address add {here} dev {name}0; ip link set {name}0 up")
    sh(f"ip -n {name} address add {there} dev eth0; ip -n {name} link set eth0 up; ip -n {name} link set lo up")
    sh(f"ip -n {name} route add default via {gateway or here.split('/')[0]}")

def pod(name, address):
    """Put a host on the bridge, as the CNI plugin does."""
    sh(f"ip netns add {name}; ip link add {name}0 type veth peer name eth0 netns {name}")
    sh(f"ip link set {name}0 master lcbr0 up")
    sh(f"ip -n {name} address add {address}/16 dev eth0; ip -n {name} link set eth0 up; ip -n {name} link set lo up")
    sh(f"ip -n {name} route add default via 10.88.0.1")

def within(name, code):
    prefix = ["ip", "netns", "exec", name] if name else []
    return subprocess.run([*prefix, sys.executable, "-c", code], capture_output=True, text=True).stdout.strip()

def listen(name, address, port):
    """Answer there until the script ends."""
    code = ("import socket; s = socket.create_server((%r, %d)); print('up', flush=True)\\n"
            "while True: s.accept()[0].close()") % (address, port)
    prefix = ["ip", "netns", "exec", name] if name else []
    server = subprocess.Popen([*prefix, sys.executable, "-c", code], stdout=subprocess.PIPE)
    assert server.stdout.readline() == b"up\\n"
    servers.append(server)

servers = []

def reaches(name, address, port):
    """Return whether a connection comes about within a second, seen from a host or, with '', from here."""
    code = ("import socket\\ntry: socket.create_connection((%r, %d), 1); print('yes')\\n"
            "except OSError as error: print(error)") % (address, port)
    return within(name, code) == "yes"

def main():
    try:
        scenario()
    finally:
        for server in servers:
            server.kill()
'''


def run(scenario: str) -> str:
    """Run the body of a function, which may use what HOST has, on a host of its own; return what it prints."""
    body = "\n".join(f"    {line}" for line in scenario.strip().splitlines())
    code = f"{HOST}\ndef scenario():\n{body}\nmain()\n"
    shell = f'{FURNISH} && exec "$@"'
    command = ["unshare", "--net", "--mount", "--", "sh", "-c", shell, "sh", sys.executable, "-c", code]
    environment = {"PYTHONPATH": ":".join(sys.path), "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout
