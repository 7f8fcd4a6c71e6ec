"""Ports of 127.0.0.1."""

import socket

from .console import DemoError

HOST = "127.0.0.1"
_LAST = 65535


def is_free(port: int) -> bool:
    """Tell whether nothing listens on a port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def free_block(first: int, size: int) -> int:
    """Return the first of `size` free ports in a row, from `first` on.

    Raises DemoError where there are none.
    """
    for base in range(first, _LAST - size, size):
        if all(is_free(port) for port in range(base, base + size)):
            return base
    raise DemoError(f"No {size} free ports in a row from {first} on: stop some of the programs that listen there.")
