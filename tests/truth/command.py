"""Plays random worlds and holds what the checker shows against what really happened in them.

Examples: scripts/truth --worlds 200 --seed 1000; scripts/truth --seed 1013 (that one world, with its story);
scripts/truth --quiet-year 20; scripts/truth --break zone; scripts/truth --if-died --small --worlds 500 (in each something
dies, and what was promised a minute before is held against what is left).
"""

import argparse
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
import logging
import multiprocessing
import sys
import time
import traceback

from .breaks import BREAKS
from .checking import KINDS, Fault, Report, check
from .dying import Outcome
from .plan import Plan, make, make_quiet
from .product import killed
from .shrinking import shrunk
from .story import tell

MOST_WORLDS_PER_BREAK = 200


@dataclass(frozen=True, slots=True)
class Task:
    """One world to play."""

    seed: int
    small: bool = False
    quiet: bool = False
    broken: str | None = None

    @property
    def plan(self) -> Plan:
        """The plan of the world."""
        return make_quiet(self.seed) if self.quiet else make(self.seed, small=self.small)

    @property
    def command(self) -> str:
        """What plays this world again."""
        how = "--quiet-year 1 " if self.quiet else "--small " if self.small else ""
        return f"scripts/truth {how}--seed {self.seed}"


def play(task: Task) -> Report:
    """Play one world; what goes wrong within it is part of the report."""
    try:
        return check(task.plan, BREAKS.get(task.broken or ""))
    except Exception:  # noqa: BLE001
        return Report(task.plan, error=traceback.format_exc())


def players(jobs: int) -> ProcessPoolExecutor:
    """Return processes that play worlds, in which the integration's warnings about what goes wrong there are not printed."""
    forkserver = multiprocessing.get_context("forkserver")
    return ProcessPoolExecutor(jobs, mp_context=forkserver, initializer=hush)


def hush() -> None:
    """Leave out warnings of the integration, in this process."""
    logging.getLogger("custom_components.proxmox_backup_checker").setLevel(logging.ERROR)


def story(task: Task, fault: Fault, seconds: float) -> str:
    """Return the story of a fault in the smallest world that can be found in some seconds."""
    plan, smallest = shrunk(
        task.plan, fault, seconds=seconds, checked=partial(check, broken=BREAKS.get(task.broken or ""))
    )
    return f"{tell(plan, smallest)}\n  again: {task.command}"


def watch(tasks: list[Task], jobs: int, stories: int, seconds: float) -> int:
    """Play worlds and print what came out; 1 where something was wrong."""
    began = time.monotonic()
    totals: Counter[str] = Counter()
    opens: Counter[str] = Counter()
    demands: Counter[str] = Counter()
    looks = asked = failing = 0
    sorts: dict[tuple[str, ...], tuple[int, Task, Fault]] = {}
    with players(jobs) as pool:
        for number, (task, report) in enumerate(zip(tasks, pool.map(play, tasks), strict=True), 1):
            looks, asked = looks + report.looks, asked + report.asked
            totals += report.kinds
            opens += report.open
            demands += report.demands
            if report.error:
                totals["errors"] += 1
                print(f"ERROR in {task.command}\n{report.error}")
            failing += bool(report.faults or report.error)
            for fault in report.faults:
                count, first, example = sorts.get(fault.sort, (0, task, fault))
                sorts[fault.sort] = (count + 1, first, example)
            if sys.stderr.isatty():
                print(f"\r{number}/{len(tasks)} worlds, {dict(totals)}", end="", file=sys.stderr)
    print(
        f"{len(tasks)} worlds, {looks} looks, {asked} verdicts, {failing} worlds with faults, {time.monotonic() - began:.0f} s"
    )
    print(", ".join(f"{kind} {totals[kind]}" for kind in (*KINDS, "errors")))
    print(", ".join(f"{must} {count / max(1, asked):.1%}" for must, count in demands.most_common()))
    print(f"open: {sum(opens.values()) / max(1, asked):.2%} of all verdicts")
    for reason, count in opens.most_common():
        print(f"  {count / max(1, asked):7.3%}  {reason}")
    ranked = sorted(sorts.items(), key=lambda entry: (KINDS.index(entry[0][0]), -entry[1][0]))
    for sort, (count, task, _) in ranked:
        print(f"{count:6}  {' | '.join(sort)}  ({task.command})")
    for _, (_, task, fault) in ranked[:stories]:
        print(f"\n{story(task, fault, seconds)}")
    return 1 if failing else 0


def kill(task: Task) -> tuple[Outcome, str]:
    """Play one world in which something dies; what goes wrong within it is told beside."""
    try:
        return killed(task.plan), ""
    except Exception:  # noqa: BLE001
        return Outcome(task.plan), traceback.format_exc()


def watch_dying(tasks: list[Task], jobs: int) -> int:
    """Play worlds in which something dies, and print what came out; 1 where a promise was wrong."""
    began, promised, excused, failing = time.monotonic(), Counter[str](), 0, 0
    with players(jobs) as pool:
        for task, (outcome, error) in zip(tasks, pool.map(kill, tasks), strict=True):
            promised, excused = promised + outcome.promised, excused + outcome.excused
            failing += bool(outcome.broken or error)
            if error:
                print(f"ERROR in {task.command} --if-died\n{error}")
            for broken in outcome.broken[:3]:
                print(f"{task.command} --if-died: {broken}")
    print(f"{len(tasks)} worlds, {failing} with wrong promises, {time.monotonic() - began:.0f} s")
    print(", ".join(f"{answer} {count}" for answer, count in promised.most_common()), f"excused {excused}")
    return 1 if failing else 0


def break_rules(names: list[str], first: int, jobs: int) -> int:
    """Break rules and print how many worlds it takes until that is seen; 1 where one never is."""
    unseen = list(names)
    with players(jobs) as pool:
        for seed in range(first, first + MOST_WORLDS_PER_BREAK):
            kinds = {entry.kind for entry in Task(seed, small=True).plan.happenings}
            tried = [name for name in unseen if BREAKS[name].matters_in(kinds)]
            for name, faults in zip(tried, pool.map(partial(seen_by, seed), tried), strict=True):
                if faults:
                    unseen.remove(name)
                    told = ", ".join(f"{count} {kind}" for kind, count in faults.items())
                    print(
                        f"{name}: {BREAKS[name].rule}: seen in world {seed - first + 1} (seed {seed}): {told}",
                        flush=True,
                    )
            if not unseen:
                return 0
    for name in unseen:
        print(f"{name}: {BREAKS[name].rule}: NOT SEEN in {MOST_WORLDS_PER_BREAK} worlds")
    return 1


def seen_by(seed: int, name: str) -> Counter[str]:
    """Return the faults, by kind, by which a small world shows that a rule is broken.

    Those are faults that the product does not have in the same world as it is.
    """
    task = Task(seed, small=True, broken=name)
    broken = play(task)
    if broken.error:
        raise RuntimeError(f"{name} in {task.command}: {broken.error}")
    if not broken.faults:
        return Counter()
    known = {(fault.time, fault.about, fault.kind) for fault in play(replace(task, broken=None)).faults}
    return Counter(fault.kind for fault in broken.faults if (fault.time, fault.about, fault.kind) not in known)


def main() -> int:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="scripts/truth", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--worlds", type=int, default=1, help="how many worlds to play (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="of the first world (default: %(default)s)")
    parser.add_argument("--jobs", type=int, default=2, help="worlds at the same time (default: %(default)s)")
    parser.add_argument(
        "--small", action="store_true", help="worlds of few guests and 20 days, as scripts/test plays them"
    )
    parser.add_argument("--quiet-year", type=int, metavar="N", help="play N years in which all goes well instead")
    parser.add_argument(
        "--break", dest="broken", choices=[*BREAKS, "all"], help="break a rule, and see whether that is noticed"
    )
    parser.add_argument(
        "--if-died", action="store_true", help="let something die, and hold what was promised against it"
    )
    parser.add_argument(
        "--stories", type=int, default=3, help="how many kinds of faults to tell (default: %(default)s)"
    )
    parser.add_argument("--seconds", type=float, default=60, help="for making each story small (default: %(default)s)")
    asked = parser.parse_args()
    if asked.broken:
        return break_rules(list(BREAKS) if asked.broken == "all" else [asked.broken], asked.seed, asked.jobs)
    count = asked.quiet_year or asked.worlds
    tasks = [Task(asked.seed + number, asked.small, asked.quiet_year is not None) for number in range(count)]
    if asked.if_died:
        return watch_dying(tasks, asked.jobs)
    return watch(tasks, asked.jobs, asked.stories, asked.seconds)
