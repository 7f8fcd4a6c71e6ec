"""What another commit held of the same world, where it differs from what this tree holds of it.

Usage: python benchmarks/side_by_side.py --against COMMIT [--seeds 1-20] [--days 90] [--scenarios] [--all]

The world is the one of `three_months.py` with these seeds, and with --scenarios the scenarios of the simulator, each for
three days. Simulator and faults are of this tree, reader and judgement of each its own. Differences are grouped by the
kind of subject, what was held there and what is held here; of each group the first look is named, with --all every one. A
difference is no fault in itself: a mended rule makes some. The exit status is 1 where there is any.
"""

import argparse
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
import sys

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.trees import ROOT, Asked, checked_out
from simulator.scenarios import SCENARIOS

# Too large to look at for days.
LEFT_OUT = "datacentre"
SCENARIO_DAYS = 3

type World = tuple[str, int | str, int]
type Kind = tuple[str, str, str]


def numbers(text: str) -> list[int]:
    """Read numbers and ranges, such as 1-20 or 3,5."""
    found: list[int] = []
    for part in text.split(","):
        first, _, last = part.partition("-")
        found += range(int(first), int(last or first) + 1)
    return found


def differences(there: Asked, here: Asked, world: World) -> Iterator[tuple[Kind, str]]:
    """Yield the kind and the place of every difference."""
    there.send(*world)
    here.send(*world)
    before, now = there.answer(), here.answer()
    if [moment for moment, _ in before] != [moment for moment, _ in now]:
        # A reader that cannot begin does not look.
        yield ("world", f"{len(before)} looks", f"{len(now)} looks"), f"{world[0]} {world[1]}"
    after = dict(now)
    for moment, held in before:
        found = after.get(moment, {})
        for key in sorted(held.keys() | found.keys()):
            old, new = held.get(key, "absent"), found.get(key, "absent")
            if old != new and moment in after:
                yield (key.partition("_")[0], old, new), f"{world[0]} {world[1]}, {moment}, {key}"


def main() -> int:
    """Print the differences; 1 where there is one."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--against", required=True, metavar="COMMIT")
    parser.add_argument("--seeds", type=numbers, default=[], help="of three_months.py, as 1-20")
    parser.add_argument("--days", type=int, default=90, help="days to play of each seed (default: %(default)s)")
    parser.add_argument("--scenarios", action="store_true", help="play the scenarios of the simulator")
    parser.add_argument("--all", action="store_true", help="name every look that differs")
    asked = parser.parse_args()
    worlds: list[World] = [("seed", seed, asked.days) for seed in asked.seeds]
    worlds += [("scenario", name, SCENARIO_DAYS) for name in SCENARIOS if asked.scenarios and name != LEFT_OUT]
    found: defaultdict[Kind, list[str]] = defaultdict(list)
    with (
        checked_out(asked.against) as tree,
        Asked("world_server.py", tree) as there,
        Asked("world_server.py", ROOT) as here,
    ):
        for world in worlds:
            count = 0
            for kind, place in differences(there, here, world):
                found[kind].append(place)
                count += 1
            print(f"{world[0]} {world[1]}: {count} verdicts differ", flush=True)
    for (subject, old, new), places in sorted(found.items(), key=lambda item: -len(item[1])):
        print(f"\n{len(places):6}  {subject}: {old} -> {new}")
        for place in places if asked.all else places[:1]:
            print(f"        {place}")
    print(f"\n{sum(map(len, found.values()))} verdicts differ, in {len(found)} ways")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
