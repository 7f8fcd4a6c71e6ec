"""`python -m tests.scoring [FOLDER]`: print the score of all vectors of a folder, by default of ours."""

import argparse
import json
from pathlib import Path
import sys

from .backup_server import GROUND_FLOOR
from .simulated_backup_server import SIMULATOR
from .vectors import DATA, score


def main() -> int:
    """Print one line per kind of vector, and what we answer otherwise."""
    parser = argparse.ArgumentParser(prog="score", description="Hold our answers against those of Proxmox's own code")
    parser.add_argument("folder", type=Path, nargs="*", default=[DATA, DATA / "pbs"], help="folders with vectors")
    parser.add_argument("--show", type=int, default=20, help="how many wrong answers to print")
    given = parser.parse_args()
    wrong = 0
    for folder in given.folder:
        for who, verdicts in (("", GROUND_FLOOR), ("simulator: ", SIMULATOR)):
            result = score(folder, verdicts)
            wrong += len(result.wrong)
            for line in result.table():
                print(f"{who}{line}")
            for kind, vector, note in result.wrong[: given.show]:
                print(f"  {kind}: {json.dumps(vector, ensure_ascii=False)[:600]}: {note}")
    print(f"{wrong} wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
