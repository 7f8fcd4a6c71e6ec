"""Plays worlds: python -m tests.truth, or scripts/truth."""

import sys

from .command import main

if __name__ == "__main__":
    sys.exit(main())
