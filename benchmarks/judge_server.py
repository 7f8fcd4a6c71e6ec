"""Measures the judgement of one tree, each time that it is asked to; started by `scale.py --judgement`."""

from dataclasses import replace
import functools
import gc
from pathlib import Path
import sys
import time
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.trees import PACKAGE, answer, questions, take

take(Path(sys.argv[1]))

from benchmarks.large_cluster import LATER, history_of, later, make_facts, sized  # noqa: E402
from custom_components.proxmox_backup_checker.checker.assessment import judge  # noqa: E402
from custom_components.proxmox_backup_checker.checker.model.policy import Policy  # noqa: E402

# The type of functions that keep what they have found.
_KEEPING = type(functools.lru_cache(str))


class Judging:
    """A cluster with so many guests, looked at again and again."""

    def __init__(self, guests: int) -> None:
        """Build the cluster and look at it twice."""
        size = sized(guests)
        self.facts = make_facts(size)
        self.history = history_of(self.facts, size)
        self._first = judge(self.facts, self.history)
        self._settled = judge(later(self.facts, LATER), self._first.history, self._first)
        self._looks = 2

    def measure(self, what: str) -> float:
        """Return the processor time of a look, in milliseconds."""
        # The forerunner of this tree kept what was as before: a changed policy makes it judge everything anew.
        self._looks += 1
        now = later(self.facts, self._looks * LATER)
        match what:
            case "first":
                forget_all()
                return timed(now, self.history, None)
            case "anew":
                anew = replace(now, policy=Policy(ignored_guests=frozenset({self._looks})))
                return timed(anew, self._settled.history, self._settled)
            case "again":
                return timed(now, self._settled.history, self._settled)
        raise ValueError(what)


def timed(*arguments: Any) -> float:
    """Return the processor time of a judgement, in milliseconds."""
    gc.collect()
    begun = time.process_time()
    judge(*arguments)
    return 1000 * (time.process_time() - begun)


def forget_all() -> None:
    """Empty what functions of the integration keep, as it is after a start."""
    for found in gc.get_objects():
        if isinstance(found, _KEEPING) and found.__module__.startswith(PACKAGE):
            found.cache_clear()


def main() -> None:
    """Build a cluster, or measure a look at it, as asked."""
    judging: Judging | None = None
    for question, what in questions():
        if question == "build":
            judging = None
            judging = Judging(what)
            runs = judging.history.runs
            answer([len(runs), sum(len(run.outcomes) for run in runs.values())])
        elif judging is not None:
            answer(judging.measure(what))


if __name__ == "__main__":
    main()
