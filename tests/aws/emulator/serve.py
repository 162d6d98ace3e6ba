"""Start the AWS emulator with the generated handlers, on loopback.

Run by the emulator's own environment: ``.venv-emulator/bin/python tests/aws/emulator/serve.py --schemas DIR``.
ministack reads its settings from the environment when it is imported, so they are set first.
"""

import argparse
import os
import sys
from pathlib import Path


def main() -> None:
    """Serve until stopped."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--schemas", type=Path, required=True, help="cfn-lint's data/schemas folder")
    arguments.add_argument("--port", type=int, default=4566)
    chosen = arguments.parse_args()
    os.environ |= {"BIND_HOST": "127.0.0.1", "MINISTACK_HOST": "127.0.0.1", "GATEWAY_PORT": str(chosen.port)}
    os.environ.setdefault("LOG_LEVEL", "WARNING")

    import handlers
    from ministack.app import main as serve
    from registry import Registry

    handlers.install(Registry(chosen.schemas))
    sys.argv = ["ministack"]  # its own parser reads the arguments again
    serve()


if __name__ == "__main__":
    main()
