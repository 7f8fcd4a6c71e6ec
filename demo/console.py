"""What the demo says to the person who started it."""

import sys


class DemoError(Exception):
    """The demo cannot go on; the text says why and what to do."""


def say(text: str = "") -> None:
    """Print a line at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def complain(text: str) -> None:
    """Print why the demo ends."""
    sys.stderr.write(f"Error: {text}\n")
