"""How long it takes to judge a cluster, beside another commit: both in turns, so that load meets both alike."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from benchmarks.trees import ROOT, Asked, checked_out

GUESTS = {50: 20, 500: 12, 5000: 6}
LOOKS = {
    "first": "the first one after a start",
    "anew": "everything anew, as after a change of the options",
    "again": "read anew, and all is as before",
}
# By looks and guests: how much of the other commit's time is allowed.
GOALS = {("first", 500): 0.7, ("first", 5000): 0.7, ("anew", 500): 0.65, ("anew", 5000): 0.65}
GROWTH = 11.0


@dataclass(frozen=True, slots=True)
class Measured:
    """The least processor time of a look in milliseconds, here and with the other commit."""

    look: str
    guests: int
    here: float
    there: float | None

    @property
    def ratio(self) -> float | None:
        """Return how much of the other commit's time it takes here."""
        return None if self.there is None else self.here / self.there


def judgement(against: str | None) -> bool:
    """Measure this tree, and in turns with it another commit; tell whether all goals are met."""
    with ExitStack() as stack:
        trees = [ROOT]
        if against:
            trees.append(stack.enter_context(checked_out(against)))
        measured = list(_measured(trees))
    _print_times(measured, against)
    # Every line is printed, that of a missed goal too.
    met = [_print_goal(what, value, goal) for what, value, goal in _goals(measured)]
    return all(met)


def _measured(trees: list[Path]) -> Iterator[Measured]:
    with ExitStack() as stack:
        asked = [stack.enter_context(Asked("judge_server.py", tree)) for tree in trees]
        for guests, times in GUESTS.items():
            for tree in asked:
                runs, outcomes = tree.ask("build", guests)
            print(f"{guests:,} guests: {runs:,} runs with {outcomes:,} outcomes in the history", flush=True)
            taken: dict[str, list[list[float]]] = {look: [[] for _ in asked] for look in LOOKS}
            for turn in range(times):
                for look, lists in taken.items():
                    order = list(zip(asked, lists, strict=True))
                    for tree, found in order if turn % 2 else reversed(order):
                        found.append(tree.ask("measure", look))
            for look, lists in taken.items():
                here, there = min(lists[0]), min(lists[1]) if len(lists) > 1 else None
                yield Measured(look, guests, here, there)


def _print_times(measured: list[Measured], against: str | None) -> None:
    print(f"\n| guests | judgement, CPU ms | {against or 'other'} | here | ratio |")
    print("| ---: | --- | ---: | ---: | ---: |")
    for row in measured:
        there = "–" if row.there is None else f"{row.there:.1f}"
        ratio = "–" if row.ratio is None else f"{row.ratio:.2f}"
        print(f"| {row.guests:,} | {LOOKS[row.look]} | {there} | {row.here:.1f} | {ratio} |")
    print("\n| goal | measured | at most | |")
    print("| --- | ---: | ---: | --- |")


def _goals(measured: list[Measured]) -> Iterator[tuple[str, float, float]]:
    times = {(row.look, row.guests): row for row in measured}
    for key, goal in GOALS.items():
        if (ratio := times[key].ratio) is not None:
            yield f"{LOOKS[key[0]]}, {key[1]:,} guests: part of the other's time", ratio, goal
    for look in ("first", "anew"):
        for fewer, more in ((50, 500), (500, 5000)):
            growth = times[look, more].here / times[look, fewer].here
            yield f"{LOOKS[look]}: {more:,} guests take as much longer than {fewer:,}", growth, GROWTH


def _print_goal(what: str, value: float, goal: float) -> bool:
    print(f"| {what} | {value:.2f} | {goal:.2f} | {'met' if value <= goal else '**missed**'} |")
    return value <= goal
