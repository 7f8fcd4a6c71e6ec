"""Start the command."""

import importlib
import sys

from .server_half import import_server_half


def start() -> int:
    """Run the command on less of aiohttp than an import brings; return its exit status."""
    import_server_half()
    command = importlib.import_module(".command", __package__)
    return int(command.main())


if __name__ == "__main__":
    sys.exit(start())
